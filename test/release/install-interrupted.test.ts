/** scripts/install.sh when a signal comes in the middle of its work. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Bell } from "../harness/wait.ts";
import { Lab } from "./install-lab.ts";
import {
  archive,
  archiveName,
  listed,
  program,
  release,
  ReleaseServer,
} from "./install-release.ts";

const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const DOWNLOADERS = ["curl", "wget"].filter((tool) => Bun.which(tool) !== null);

describe.skipIf(process.platform === "win32")("install.sh", () => {
  for (const tool of DOWNLOADERS) {
    for (const [signal, code] of Object.entries(CODES)) {
      test(`${signal} in a download by ${tool} leaves the old program and nothing else`, async () => {
        using lab = new Lab();
        lab.unlink(...DOWNLOADERS.filter((name) => name !== tool));
        lab.write(lab.target, program("9.9.8"));
        using server = new ReleaseServer(release());
        // Half of it, and then a server that says nothing more.
        const half = Buffer.from(release()[archiveName()]!).subarray(0, 100);
        server.answers.set(`/${archiveName()}`, () => {
          return new Response(
            new ReadableStream({
              start: (stream) => stream.enqueue(half),
              pull: () => new Promise(() => {}),
            }),
          );
        });
        const child = lab.start({ env: { MOLECULE_BASE_URL: server.url } });
        await server.untilAsked(archiveName());
        child.kill(signal as keyof typeof CODES);
        const ended = await lab.end(child);
        expect(ended).toMatchObject({ code });
        expect(ended.stderr).toContain("Interrupted, and nothing was changed.");
        expect(lab.installed).toBe(program("9.9.8"));
      });
    }
  }

  test("SIGINT while it tries the new program ends that program, too", async () => {
    using lab = new Lab();
    lab.write(lab.target, program("9.9.8"));
    const bell = new Bell();
    let asked = false;
    using server = new ReleaseServer();
    server.answers.set("/started", () => {
      asked = true;
      bell.ring();
      return new Response("yes");
    });
    const ended = join(lab.home, "ended");
    const curl = Bun.which("curl") ?? "curl";
    // Its shell goes on only when its program does, which no one ends for it.
    const body = `#!/bin/sh\n${curl} -s ${server.url}/started >/dev/null\nread -r x </dev/tty || kill -STOP $$\n: >'${ended}'\n`;
    lab.publish(listed({ [archiveName()]: archive([{ name: "molecule", body }]) }));
    const child = lab.start({ env: { MOLECULE_BASE_URL: lab.release } });
    await bell.until(() => asked, "the start of the program");
    child.kill("SIGINT");
    expect((await lab.end(child)).code).toBe(130);
    expect(existsSync(ended)).toBe(false);
    expect(lab.installed).toBe(program("9.9.8"));
  });
});
