import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { endGroup, killAllGroups, trackGroup } from "../../../../src/backends/process/group.ts";
import { marked, untilGone, untilRunning } from "../../../harness/processes.ts";
import { marker } from "../support.ts";
import { onLinux } from "../../../harness/platform.ts";

const linux = onLinux("setsid(1) and /proc are Linux's own");

setDefaultTimeout(60_000);

const left: string[] = [];
afterEach(() => {
  for (const pid of left.splice(0).flatMap(marked)) process.kill(pid, "SIGKILL");
});

/** A child that has started two others: one in its group, one in a session of its own. */
async function family() {
  const mark = marker();
  left.push(mark);
  const child = Bun.spawn(["sh", "-c", "setsid sleep 300 & sleep 300 & exec sleep 300"], {
    env: { PATH: process.env.PATH ?? "", MARK: mark },
    stdio: ["ignore", "ignore", "ignore"],
    detached: true,
  });
  await untilRunning(mark, "sleep", 3);
  return { mark, child, entry: `MARK=${mark}` };
}

linux.describe("a group", () => {
  test("whose work was cut is ended with what has left it, by its mark", async () => {
    const { mark, child, entry } = await family();
    endGroup(trackGroup(child.pid, entry), true);
    await untilGone(mark);
  });

  test("whose work was done is ended alone, as is one without a mark", async () => {
    for (const [own, cut] of [
      [true, false],
      [false, true],
    ]) {
      const { mark, child, entry } = await family();
      endGroup(trackGroup(child.pid, own ? entry : undefined), cut);
      await child.exited;
      expect(marked(mark).length).toBeGreaterThan(0);
    }
  });

  test("of many is ended with all, in one go, and nobody else", async () => {
    const [one, other, stranger] = [await family(), await family(), await family()];
    const groups = [one, other].map(({ child, entry }) => trackGroup(child.pid, entry));
    const part = { ...stranger, entry: stranger.entry.slice(0, -1) };
    groups.push(trackGroup(0, part.entry));
    killAllGroups();
    expect(groups.map(({ killed }) => killed)).toEqual([true, true, true]);
    await untilGone(one.mark);
    await untilGone(other.mark);
    expect(marked(stranger.mark)).toHaveLength(3);
    for (const group of groups) endGroup(group);
  });
});
