/** scripts/install.sh when a signal comes in the middle of its work. */
import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
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

  const curl = Bun.which("curl");
  test.skipIf(curl === null)(
    "SIGINT while it tries the new program ends that program, too, and leaves no folder",
    async () => {
      using lab = new Lab();
      using server = new ReleaseServer();
      // The connection lasts as long as the program.
      const bell = new Bell();
      let ended = false;
      server.answers.set("/started", ({ signal }) => {
        signal.addEventListener("abort", () => {
          ended = true;
          bell.ring();
        });
        return new Response(new ReadableStream({ pull: () => new Promise(() => {}) }));
      });
      const body = `#!/bin/sh\nexec '${curl}' -s ${server.url}/started\n`;
      lab.publish(listed({ [archiveName()]: archive([{ name: "molecule", body }]) }));
      const child = lab.start({ env: { MOLECULE_BASE_URL: lab.release } });
      await server.untilAsked("started");
      expect(ended).toBe(false);
      child.kill("SIGINT");
      await bell.until(() => ended, "the end of the program");
      expect((await lab.end(child)).code).toBe(130);
      expect(readdirSync(lab.home)).toEqual([]);
    },
    30_000,
  );
});
