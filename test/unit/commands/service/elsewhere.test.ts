/** The file of a service for another system than this one. */
import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onPosix } from "../../../harness/platform.ts";
import { ID, Lab, OTHER } from "./lab.ts";

const { test: posix } = onPosix("paths of POSIX");

const PATHS = "the paths in it are those of this machine";
const GONE = ["--token-file", "/nowhere/token"];

/** A machine where whatever is asked for is not there. */
function lab(change: ConstructorParameters<typeof Lab>[1] = {}): Lab {
  return new Lab(() => ({ code: 1 }), { user: "", folder: "/srv", ...change });
}

posix("it is warned that paths are of this machine, and no token file is looked for", async () => {
  using it = lab();
  for (const manager of ["launchd", "windows"]) {
    const words = ["print", ID, ...GONE, "--manager", manager];
    const { code, out, err } = await it.run(words);
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining(PATHS) });
    expect(out).toContain("/nowhere/token");
  }
  const here = await it.run(["print", ID, ...GONE]);
  expect([here.code, here.err]).toEqual([1, expect.stringContaining("is not there")]);
  expect((await it.run(["print", ID, "--token-file", it.tokenFile])).err).toBe("");
  expect(it.ran).toEqual([]);
});

posix("one that is kept there is not missed here", async () => {
  using it = lab();
  expect((await it.run(["print", ID])).err).toContain("the service has no token");
  expect((await it.run(["print", ID, "--manager", "launchd"])).code).toBe(0);
});

posix("of a list no token file is looked for, either", async () => {
  using it = lab();
  const file = join(it.path, "fleet.yaml");
  writeFileSync(file, `workspaces:\n  - id: ${ID}\n    token_file: ./gone\n  - id: ${OTHER}\n`);
  const words = ["print", "--config", file];
  expect((await it.run(words)).code).toBe(1);
  const { code, err } = await it.run([...words, "--manager", "launchd"]);
  expect([code, err]).toEqual([0, expect.stringContaining(PATHS)]);
});

posix("a user who is not known has a placeholder, which is told of", async () => {
  using it = lab();
  const windows = ["print", ID, ...GONE, "--manager", "windows"];
  for (const more of [[], ["--system"]]) {
    const { out, err } = await it.run([...windows, ...more]);
    expect(out).toContain("<UserId>COMPUTER\\USER</UserId>");
    expect(out).not.toContain("<UserId></UserId>");
    expect(err).toContain("COMPUTER\\USER stands for the account");
  }
  const named = await it.run([...windows, "--system", "--run-as", "ann"]);
  expect(named.out).toContain("<UserId>ann</UserId>");
  expect(named.err).not.toContain("stands for");
  const daemon = await it.run(["print", ID, ...GONE, "--manager", "launchd", "--system"]);
  expect(daemon.out).toContain("<string>USER</string>");
  expect(daemon.out).toContain("<string>/Users/USER</string>");
  const agent = await it.run(["print", ID, ...GONE, "--manager", "launchd"]);
  expect(agent.out + agent.err).not.toContain("USER");
  expect(it.ran).toEqual([]);
});

posix("a unit of the system is asked for on a Mac, by nobody who is a user there", async () => {
  using it = lab({ platform: "darwin" });
  const words = ["print", ID, ...GONE, "--manager", "systemd", "--system", "--run-as", "bob"];
  const { code, out } = await it.run(words);
  expect(code).toBe(0);
  expect(out).toContain("\nUser=bob\n");
  expect(out).toContain("-/home/bob");
  expect(it.ran).toEqual([]);
});

posix("what is a path there stays as it is, and what is relative is not", async () => {
  using it = lab();
  const given = ["--token-file", "C:\\keys\\token", "--folder", "D:\\agent"];
  const words = ["print", ID, ...given, "--manager", "windows", "--", "--ca-file", "ca.pem"];
  const { code, out } = await it.run(words);
  expect(code).toBe(0);
  expect(out).toContain("--token-file C:\\keys\\token<");
  expect(out).toContain("<WorkingDirectory>D:\\agent</WorkingDirectory>");
  expect(out).toContain("--ca-file /srv/ca.pem");
});

posix("a folder that only this machine empties is no matter there", async () => {
  using it = lab({ platform: "darwin", folder: "/tmp" });
  const words = ["print", ID, ...GONE, "--manager", "systemd", "--system"];
  const { code, err } = await it.run(words);
  expect(code).toBe(0);
  expect(err).not.toContain("emptied");
});

test("an account of this machine is still looked for where the service is to be here", async () => {
  using it = lab({ platform: "linux" });
  mkdirSync(it.at("units"));
  const words = ["print", ID, "--token-file", it.tokenFile, "--system", "--run-as", "eve"];
  const { code, err } = await it.run(words);
  expect([code, err]).toEqual([1, expect.stringContaining("there is no user eve")]);
});
