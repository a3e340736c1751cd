/**
 * scripts/install.sh in other shells than sh, and by shellcheck's rules. BusyBox's shell prefers its
 * own tools to those on the PATH, so it sees the real machine's system and hears few of the fakes.
 */
import { describe, expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/set-up.ts";
import { asNobody, Lab, SCRIPT } from "./install-lab.ts";
import {
  archive,
  archiveName,
  type Files,
  listed,
  type Member,
  program,
  ReleaseServer,
} from "./install-release.ts";

/** Of every Linux with glibc, whatever the real one's processor is. */
const NAMES = ["linux_amd64", "linux_arm64"].map((platform) => archiveName("9.9.9", platform));
const WHOLE = [{ name: "molecule", body: program() }];
const OLD = program("9.9.8");

/** Each with where it is tried: on another system BusyBox would find none of these files to be for it. */
const SHELLS: Record<string, NodeJS.Platform[]> = {
  "busybox ash": ["linux"],
  bash: ["linux", "darwin"],
};
const hasDownloader = Bun.which("curl") !== null || Bun.which("wget") !== null;

test.skipIf(Bun.which("shellcheck") === null)("shellcheck has nothing to say", () => {
  const { stdout, stderr } = Bun.spawnSync(["shellcheck", "scripts/install.sh", ".ci/run"], {
    cwd: ROOT,
  });
  expect(`${stdout}${stderr}`).toBe("");
});

for (const [shell, platforms] of Object.entries(SHELLS)) {
  const isHere = platforms.includes(process.platform) && Bun.which(shell.split(" ")[0] ?? "");
  describe.skipIf(!isHere)(`install.sh in ${shell}`, () => {
    /** Runs it for that release, which alone it is given, into a folder of the lab. */
    const start = (lab: Lab, base: string, by: string[] = [], folder = lab.folder) =>
      lab.start({
        by,
        args: ["--dir", folder],
        env: { MOLECULE_BASE_URL: base },
        piped: readFileSync(SCRIPT, "utf8"),
      });
    const install = (lab: Lab, base: string) => lab.end(start(lab, base));

    test.skipIf(!hasDownloader)("installs from a server, and again changes nothing", async () => {
      using lab = new Lab(shell);
      using server = new ReleaseServer(files(WHOLE));
      const first = await install(lab, server.url);
      expect(first).toMatchObject({ code: 0, stdout: "" });
      expect(lab.installed).toBe(program());
      expect((await install(lab, server.url)).stderr).toContain("is already installed");
    });

    test("installs from a folder, in place of an older one", async () => {
      using lab = new Lab(shell);
      lab.write(lab.target, OLD);
      const { code, stderr } = await install(lab, lab.publish(files(WHOLE)));
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stderr).toContain("molecule 9.9.9 is installed, in place of 9.9.8");
      expect(lab.installed).toBe(program());
    });

    const good = files(WHOLE);
    test.each<[string, Files, string]>([
      ["a file with another sum", { ...good, ...each(() => archive([])) }, "is not what"],
      ["half of a file", { ...good, ...each((name) => half(good[name])) }, "is not what"],
      ["a list that is none", { ...good, "checksums.txt": "<html>" }, "is not a list"],
      ["a link", files([{ name: "molecule", link: { to: "/bin/sh" } }]), "no program named"],
      ["no program", files([{ name: "x", body: program() }]), "can't be unpacked"],
      ["one that does not run", files([{ name: "molecule", body: "#!/bin/sh\nexit 3" }]), "with 3"],
      ["another program", files([{ name: "molecule", body: OLD }]), 'says "molecule 9.9.8'],
    ])("refuses %s, with and without an old one", async (_, release, why) => {
      using lab = new Lab(shell);
      lab.publish(release);
      expect(await install(lab, lab.release)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(why),
      });
      expect(readdirSync(lab.home)).toEqual([]);
      lab.write(lab.target, OLD);
      expect((await install(lab, lab.release)).code).toBe(1);
      expect(lab.installed).toBe(OLD);
    });

    test("writes nothing through an archive's links and paths", async () => {
      using lab = new Lab(shell);
      const victim = lab.write(join(lab.home, "victim"), "precious");
      const members = [
        { name: "molecule", link: { to: victim } },
        ...WHOLE,
        { name: victim, body: "gone" },
        { name: "../home/victim", body: "gone" },
      ];
      await install(lab, lab.publish(files(members)));
      expect(readFileSync(victim, "utf8")).toBe("precious");
    });

    test.skipIf(asNobody === undefined)("says where it may not write", async () => {
      using lab = new Lab(shell);
      lab.publish(files(WHOLE));
      const closed = join(lab.home, "closed");
      lab.write(join(closed, "molecule"), OLD);
      chmodSync(closed, 0o555);
      const { code, stderr } = await lab.end(start(lab, lab.release, asNobody, closed));
      chmodSync(closed, 0o755);
      expect(code).toBe(1);
      expect(stderr).toContain(`You may not write to ${closed}`);
    });

    test.skipIf(!hasDownloader).each([
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const)("leaves the old one at a %s in a download", async (signal, code) => {
      using lab = new Lab(shell);
      lab.write(lab.target, OLD);
      using server = new ReleaseServer(good);
      for (const name of NAMES) {
        server.answers.set(`/${name}`, () => {
          return new Response(new ReadableStream({ pull: () => new Promise(() => {}) }));
        });
      }
      const child = start(lab, server.url);
      await server.untilAsked(...NAMES);
      child.kill(signal);
      const ended = await lab.end(child);
      expect(ended).toMatchObject({ code });
      expect(ended.stderr).toContain("Interrupted, and nothing was changed.");
      expect(lab.installed).toBe(OLD);
    });
  });
}

/** A release in which each archive holds these. */
function files(members: Member[]): Files {
  return listed(each(() => archive(members)));
}

function each(make: (name: string) => string | Uint8Array): Files {
  return Object.fromEntries(NAMES.map((name) => [name, make(name)]));
}

function half(body: string | Uint8Array = ""): string | Uint8Array {
  return body.slice(0, body.length / 2);
}
