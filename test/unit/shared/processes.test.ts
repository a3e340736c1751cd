import { expect, test } from "bun:test";
import { isAlive, maySignal } from "../../../src/shared/processes.ts";

/** A system that answers with an error of this code. */
const refusing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};

test("a process of ours is alive and takes signals, until it has ended", async () => {
  const child = Bun.spawn([process.execPath, "-e", "await Bun.stdin.text()"], {
    stdio: ["pipe", "ignore", "ignore"],
  });
  expect([isAlive(child.pid), maySignal(child.pid)]).toEqual([true, true]);
  child.kill("SIGKILL");
  await child.exited;
  expect([isAlive(child.pid), maySignal(child.pid)]).toEqual([false, false]);
});

test("a process of another user is alive, and takes no signals of ours", () => {
  const probe = refusing("EPERM");
  expect([isAlive(7, probe), maySignal(7, probe)]).toEqual([true, false]);
});

test.each(["ESRCH", "EINVAL"])("what is answered with %s is no process", (code) => {
  const probe = refusing(code);
  expect([isAlive(7, probe), maySignal(7, probe)]).toEqual([false, false]);
});
