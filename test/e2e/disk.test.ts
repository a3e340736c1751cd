import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../harness/connect.ts";
import { WINDOWS } from "../harness/platform.ts";
import { row, ScriptedPlatform, WORKSPACE } from "../harness/scripted-platform.ts";
import { canMount, fill, smallDisk } from "../harness/small-disk.ts";
import { tmpFolder } from "../harness/tmp.ts";

setDefaultTimeout(60_000);

const lastSettled = (folder: string) =>
  JSON.parse(readFileSync(join(folder, `${WORKSPACE}.json`), "utf8")).last_since_id;

async function expectStartFails(stateDir: string, told: RegExp): Promise<void> {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  await using bridge = connect(platform.url, home.path, { flags: { "state-dir": stateDir } });
  await bridge.endsWith(1);
  expect(bridge.failure).toMatch(told);
  expect(bridge.failure).toContain(stateDir);
  // A progress that can't be written down is a message run twice.
  expect(platform.seen).toEqual([]);
}

test("a state folder that can't be made ends the start, before anything is sent", async () => {
  using home = tmpFolder();
  writeFileSync(join(home.path, "file"), "");
  await expectStartFails(join(home.path, "file"), /^hint: .*--state-dir/m);
  await expectStartFails(join(home.path, "file", "below"), /^hint: .*--state-dir/m);
});

test("a folder in the place of the state file ends the start", async () => {
  using home = tmpFolder();
  mkdirSync(join(home.path, `${WORKSPACE}.json`));
  await expectStartFails(home.path, WINDOWS ? /^error: .*EPERM/m : /^error: .*EISDIR/m);
});

/** More than what is left of a disk that looks full. */
const LONG = "x".repeat(300_000);

// Mounting takes root and Linux; elsewhere the unit tests of the store and the bridge stand in.
describe.skipIf(!canMount)("on a disk of its own", () => {
  test("a read-only state folder ends the start, before anything is sent", async () => {
    using disk = smallDisk();
    disk.remount("ro");
    await expectStartFails(disk.path, /read-only: choose another folder with --state-dir/);
  });

  test("a full disk ends the start, before anything is sent", async () => {
    using disk = smallDisk();
    fill(disk.path);
    await expectStartFails(disk.path, /The disk is full: make room on it/);
  });

  test("a disk that fills is told once, presence goes on, and so does the work when there is room", async () => {
    using home = tmpFolder();
    using disk = smallDisk(4_096);
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    await using bridge = connect(platform.url, home.path, {
      flags: { "state-dir": disk.path, "heartbeat-ms": 20 },
    });
    await bridge.untilEvent("answered");
    const filler = fill(disk.path);
    platform.rows.push(row(2, { text: LONG }), row(3));
    expect(await bridge.untilEvent("save-failed")).toMatchObject({ level: "error" });
    await platform.untilCalled("heartbeat", platform.calls("heartbeat").length + 5);
    expect(bridge.of("answered")).toHaveLength(1);
    rmSync(filler);
    await bridge.untilEvent("answered", 3);
    await bridge.untilEvent("save-recovered");
    await bridge.stop();
    expect(lastSettled(disk.path)).toBe(row(3).id);
    expect(bridge.of("save-failed")[0]?.msg).toContain("The disk is full");
  });

  test("a disk that is still full at the end is an end with 1, which says what to do", async () => {
    using home = tmpFolder();
    using disk = smallDisk(4_096);
    await using platform = new ScriptedPlatform();
    await using bridge = connect(platform.url, home.path, {
      flags: { "state-dir": disk.path, "grace-secs": 0 },
    });
    await bridge.untilEvent("connected");
    fill(disk.path);
    platform.rows.push(row(1, { text: LONG }));
    await bridge.untilEvent("save-failed");
    bridge.signal("SIGTERM");
    await bridge.endsWith(1);
    expect(bridge.failure).toMatch(/^error: .*progress could not be saved/m);
    expect(bridge.failure).toMatch(/^hint: .*Make room/m);
    expect(lastSettled(disk.path)).toBe("");
  });
});
