import { expect, test } from "bun:test";
import { trackGroup } from "../../../src/backends/process/group.ts";
import { atEnd, doLastActs } from "../../../src/shared/last-acts.ts";

test("each act is done once a time, in the order of their naming", () => {
  const done: string[] = [];
  const one = () => void done.push("one");
  atEnd(one);
  atEnd(() => void done.push("other"));
  atEnd(one);
  doLastActs();
  expect(done).toEqual(["one", "other"]);
});

test("the groups of our children are ended without anybody naming them", async () => {
  const child = Bun.spawn([process.execPath, "-e", "setInterval(() => {}, 1000)"], {
    stdio: ["ignore", "ignore", "ignore"],
    detached: true,
  });
  const group = trackGroup(child.pid);
  doLastActs();
  expect(group.killed).toBe(true);
  expect(await child.exited).not.toBe(0);
});
