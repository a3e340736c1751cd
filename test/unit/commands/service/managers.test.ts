/** launchd and the Task Scheduler, as far as their programs' words go: neither is on the machine of most tests. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { standingOf } from "../../../../src/service/seal.ts";
import { onPosix } from "../../../harness/platform.ts";
import { ID, Lab, type Program } from "./lab.ts";

const { test: posix } = onPosix("paths of POSIX");

/** launchctl with the services that are loaded; a boot-out takes two looks to come to its end. */
class Launchd {
  readonly loaded = new Map<string, number>();
  state = "state = running\n\tpid = 77\n";
  readonly program: Program = ([, verb, target = "", file = ""]) => {
    if (verb === "bootstrap")
      this.loaded.set(`${target}/${/([^/]+)\.plist$/.exec(file)?.[1]}`, Infinity);
    if (verb === "bootout" && this.loaded.has(target)) this.loaded.set(target, 2);
    if (verb !== "print" || !target.includes("/ai.")) return {};
    const left = this.loaded.get(target) ?? 0;
    this.loaded.set(target, left - 1);
    return left > 0 ? { out: `${target} = {\n\t${this.state}}\n` } : { code: 113 };
  };
}

posix("launchd gets a service that was there out of the way, and waits for its end", async () => {
  const launchd = new Launchd();
  using lab = new Lab(launchd.program, { platform: "darwin", uid: 501 });
  const base = ["install", ID, "--token-file", lab.tokenFile, "-o", "json"];
  const { code, out, err } = await lab.run(base);
  expect({ code, err }).toMatchObject({ code: 0 });
  const { file, pid, state } = JSON.parse(out);
  expect([state, pid]).toEqual(["running", 77]);
  expect(file).toBe(lab.at("home", "Library", "LaunchAgents", `ai.molecule.${ID}.plist`));
  lab.ran.length = 0;
  expect((await lab.run(base)).code).toBe(0);
  const target = `gui/501/ai.molecule.${ID}`;
  expect(lab.ran.slice(1, 7)).toEqual([
    `launchctl bootout ${target}`,
    `launchctl print ${target}`,
    `launchctl print ${target}`,
    `launchctl print ${target}`,
    `launchctl enable ${target}`,
    `launchctl bootstrap gui/501 ${file}`,
  ]);
  expect((await lab.run(["uninstall", ID])).code).toBe(0);
  expect(existsSync(file)).toBe(false);
});

posix("launchd tells of a service that ended", async () => {
  const launchd = new Launchd();
  launchd.state = "state = not running\n\tlast exit code = 3\n";
  using lab = new Lab(launchd.program, { platform: "darwin", uid: 501 });
  const { code, err } = await lab.run(["install", ID, "--token-file", lab.tokenFile]);
  expect(code).toBe(1);
  expect(err).toContain("refused its token");
  expect(err).toContain("Library/Logs/molecule");
});

test.each(["launchd", "windows"])("%s has no templates", async (manager) => {
  using lab = new Lab(() => ({}));
  const words = ["print", "--template", "--token-file", lab.at("%i"), "--manager", manager];
  const { code, err } = await lab.run(words);
  expect([code, err]).toEqual([2, expect.stringContaining("has no templates")]);
});

/** schtasks, and the one look that PowerShell has. */
class Tasks {
  there = false;
  state = "Running 267009";
  readonly program: Program = ([name, verb]) => {
    if (name === "powershell") return { out: `${this.state}\r\n` };
    if (verb === "/Create") this.there = true;
    if (verb === "/Delete") this.there = false;
    return { code: verb === "/Query" && !this.there ? 1 : 0 };
  };
}

test("the Task Scheduler gets a file that it can read, and runs the task", async () => {
  const tasks = new Tasks();
  using lab = new Lab(tasks.program, { platform: "win32", uid: undefined });
  const { code, out, err } = await lab.run([
    "install",
    ID,
    "--token-file",
    lab.tokenFile,
    "-o",
    "json",
  ]);
  expect({ code, err }).toMatchObject({ code: 0 });
  const { file, service, state } = JSON.parse(out);
  expect([service, state]).toEqual([`\\Molecule\\${ID}`, "running"]);
  const bytes = readFileSync(file);
  expect([...bytes.subarray(0, 2)]).toEqual([0xff, 0xfe]);
  expect(standingOf(bytes.toString("utf16le"))).toBe("ours");
  expect(lab.ran).toContain(`schtasks /Create /TN ${service} /XML ${file} /F`);
  expect((await lab.run(["uninstall", ID])).code).toBe(0);
  expect([tasks.there, existsSync(file)]).toEqual([false, false]);
});

test("a task that somebody else has made is left alone", async () => {
  const tasks = new Tasks();
  tasks.there = true;
  using lab = new Lab(tasks.program, { platform: "win32", uid: undefined });
  const { code, err } = await lab.run(["install", ID, "--token-file", lab.tokenFile]);
  expect([code, err]).toEqual([1, expect.stringContaining("this tool did not make")]);
  expect(lab.ran.join()).not.toContain("/Create");
});
