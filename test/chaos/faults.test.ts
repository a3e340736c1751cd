/** Each fault alone, on the first post of an answer: it comes, and a notice comes only once. */
import { expect, setDefaultTimeout } from "bun:test";
import { ChaosProxy } from "../harness/chaos-proxy.ts";
import { FAULTS, type Fault } from "../harness/faults.ts";
import { CrashLab } from "./crash-lab.ts";
import { onPosix } from "../harness/platform.ts";

const { test } = onPosix("the agent of the run is a script for sh");

setDefaultTimeout(240_000);

/**
 * After these a post to a peer is repeated although the platform has it; a message id tells so, but
 * revision 1 does not look. The others either did not arrive, or their 2xx is a delivery.
 */
const REPEATED: ReadonlySet<Fault> = new Set(["reset-after", "lost"]);

for (const revision of ["r1", "r2"] as const) {
  for (const who of ["peer", "canvas"] as const) {
    test.concurrent.each([...FAULTS])(
      `${revision}, an answer to the ${who} that meets with "%s"`,
      async (fault) => {
        await using lab = await CrashLab.start(revision);
        let posts = 0;
        using proxy = new ChaosProxy(lab.platform.url, ({ first }) => {
          const isPost = /^POST \S+\/(?:a2a|notify) /.test(first);
          if (isPost) posts += 1;
          const struck = isPost && posts === 1;
          return { delayMs: 0, fault: struck ? fault : undefined, dice: 0.5 };
        });
        const asker = lab.asker(who);
        await lab.ask(asker, 20);
        await lab.settle(proxy.url);

        expect(lab.runs).toEqual([false]);
        const heard = asker.heard();
        const twice = revision === "r1" && who === "peer" && REPEATED.has(fault);
        expect(heard.map(({ text }) => text)).toEqual(twice ? ["41", "41"] : ["41"]);
        expect(new Set(heard.map(({ messageId }) => messageId)).size).toBe(1);
      },
    );
  }
}
