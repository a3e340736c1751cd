import { expect, test } from "bun:test";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import {
  identityOf,
  processIdentity,
  readStat,
  startByPs,
} from "../../../../src/backends/process/identity.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { onLinux, onPosix, WINDOWS } from "../../../harness/platform.ts";

const linux = onLinux("it reads /proc");
const posix = onPosix("it asks ps(1)");

test("stays the same while a process lives, and is gone with it", async () => {
  const child = Bun.spawn([process.execPath, "-e", "await Bun.sleep(300_000)"]);
  const identity = processIdentity(child.pid);
  if (!WINDOWS) expect(identity).toBeString();
  expect(processIdentity(child.pid)).toBe(identity);
  child.kill("SIGKILL");
  await child.exited;
  expect(processIdentity(child.pid)).toBeUndefined();
});

linux.test("tells two processes of the same number apart by their start", () => {
  const stat = readStat(process.pid);
  if (stat === undefined) throw new Error("this process has no line");
  expect(stat.parent).toBe(process.ppid);
  expect(identityOf(stat)).toBe(processIdentity(process.pid) ?? "");
  expect(identityOf({ ...stat, started: `${stat.started}1` })).not.toBe(identityOf(stat));
});

linux.test("is not misled by spaces and parentheses in a program's name", async () => {
  using folder = tmpFolder();
  const odd = join(folder.path, "a) Z 1 2 (b");
  copyFileSync("/bin/sleep", odd);
  const child = Bun.spawn([odd, "300"], { detached: true });
  try {
    expect(readStat(child.pid)).toMatchObject({ parent: process.pid, group: child.pid });
    expect(readStat(child.pid)?.started).toMatch(/^\d+$/);
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
});

posix.test("by ps has the start to the second, without time zone", () => {
  const text = startByPs(process.pid);
  expect(text).toMatch(/^\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}$/);
  const ageMs = Date.now() - Date.parse(`${text} UTC`);
  expect(ageMs).toBeGreaterThan(-5_000);
  expect(ageMs).toBeLessThan(3_600_000);
});
