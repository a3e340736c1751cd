/** A journal that is full of dead letters: nobody works on them, so only the operator makes room. */
import { describe, expect, test } from "bun:test";
import { MoleculeError } from "../../../src/shared/errors.ts";
import { TestBridge } from "../../harness/bridge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { row, ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { enter, once, withStore } from "./support.ts";

const room = { maxMessages: 2 };

const fill = (folder: string) =>
  withStore(folder, async (store) => {
    await enter(store, row(1), row(2));
    for (const n of [1, 2]) await store.journal.bury(row(n).id, "why");
  });

describe("a journal that is full of dead letters ends the run", () => {
  test("at once with --once, and says what to do", async () => {
    using folder = tmpFolder();
    await fill(folder.path);
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2), row(3)];
    const { bridge, end } = await once(platform, { stateDir: folder.path, room });
    await using _ = bridge;
    expect(end).toBeInstanceOf(MoleculeError);
    expect(end).toMatchObject({
      exitCode: 1,
      message: expect.stringContaining("2"),
      hint: expect.stringContaining("dead-letter list"),
    });
    expect(bridge.of("journal-full")).toMatchObject([{ waiting: 0, deadLetters: 2 }]);
    expect(platform.calls("activity")).toEqual([]);
  });

  test("after --max-paused without it", async () => {
    using folder = tmpFolder();
    await fill(folder.path);
    await using platform = new ScriptedPlatform();
    const clock = new ManualClock();
    const options = { maxPausedMs: 90_000 };
    const stateDir = folder.path;
    await using bridge = new TestBridge(platform.url, { clock, stateDir, room, options });
    await bridge.until("journal-full");
    const since = clock.monotonic();
    await clock.untilSleeping((ms) => ms <= 1_000);
    // The looks go on, and find no room.
    await clock.advance(85_000);
    expect(bridge.of("stopped")).toEqual([]);
    await clock.advanceUntil(() => bridge.of("stopped").length === 1, 1_000);
    expect(await bridge.ended).toMatchObject({ hint: expect.stringContaining("drop") });
    expect(clock.monotonic() - since).toBeGreaterThanOrEqual(90_000);
  });

  test("but not where the operator makes room in time", async () => {
    using folder = tmpFolder();
    await fill(folder.path);
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2), row(3)];
    const clock = new ManualClock();
    const options = { maxPausedMs: 90_000 };
    let drop = async () => {};
    await using bridge = new TestBridge(platform.url, {
      clock,
      room,
      options,
      stateDir: folder.path,
      store: (store) => {
        drop = async () => void (await store.deadLetters.drop(row(1).id));
        return store;
      },
    });
    await bridge.until("journal-full");
    await drop();
    await clock.advanceUntil(() => bridge.of("answered").length === 1, 100);
    expect(bridge.of("journal-room").length).toBe(1);
    expect(await bridge.stop()).toBeUndefined();
  });
});
