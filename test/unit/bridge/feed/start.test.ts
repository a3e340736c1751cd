/** Where a bridge goes on, from what the last one, or another program, left behind. */
import { describe, expect, test } from "bun:test";
import { cpSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { BridgeEvent } from "../../../../src/bridge/events.ts";
import { findStart } from "../../../../src/bridge/feed/start.ts";
import { formatTimestamp, parseTimestamp } from "../../../../src/shared/timestamp.ts";
import type { LocalStore } from "../../../../src/store/local.ts";
import { backendOf, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { row, ScriptedPlatform, WORKSPACE } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { enter, once, replies, withStore } from "../support.ts";

const NOW = Date.UTC(2026, 2, 1, 12);
const at = (n: number) => formatTimestamp(parseTimestamp(row(n).created_at) ?? 0n);
const place = (n: number) => ({ id: row(n).id, at: at(n) });

/** A bridge that settles what there is, and ends. */
async function settleAll(platform: ScriptedPlatform, stateDir: string): Promise<void> {
  const { bridge } = await once(platform, { stateDir });
  await bridge[Symbol.asyncDispose]();
}

async function startOf(store: LocalStore, serverMs = NOW, oursMs = NOW) {
  const events: BridgeEvent[] = [];
  const platform = { serverNow: () => serverMs };
  const emit = (event: BridgeEvent) => void events.push(event);
  const clock = new ManualClock(oursMs);
  return { ...(await findStart({ store, platform, clock, emit }, 30)), events };
}

const cursorFile = (folder: string) => join(folder, `${WORKSPACE}.json`);

const isDatabase = (name: string) => /\.db(-|$)/.test(name) && !name.includes("lock");

/** Writes the cursor file as the Go tool does: of what we know it keeps nothing. */
const asTheGoTool = (folder: string, id: string) =>
  Bun.write(cursorFile(folder), JSON.stringify({ workspace_id: WORKSPACE, last_since_id: id }));

describe("the first start", () => {
  test("fixes its window, and later ones leave it where it is", async () => {
    using folder = tmpFolder();
    const first = await withStore(folder.path, (store) => startOf(store));
    expect(first.start).toEqual({ from: undefined, windowStart: "2026-03-01T11:59:30.000000000Z" });
    const later = await withStore(folder.path, (store) => startOf(store, NOW + 600_000));
    expect(later.start).toEqual(first.start);
  });

  test.each([
    ["ahead is not followed", NOW + 600_000, NOW, "2026-03-01T11:59:30.000000000Z"],
    ["behind is", NOW - 600_000, NOW, "2026-03-01T11:49:30.000000000Z"],
    [
      "a day and more away is: ours must be wrong",
      NOW,
      NOW - 9e8,
      "2026-03-01T11:59:30.000000000Z",
    ],
  ])("by a server's clock that is %s", async (_, server, ours, windowStart) => {
    using folder = tmpFolder();
    const { start } = await withStore(folder.path, (store) => startOf(store, server, ours));
    expect(start.windowStart).toBe(windowStart);
  });
});

describe("a start with a cursor", () => {
  const cursor = { lastSinceId: row(5).id, windowStart: undefined };

  test("reads from the journal's anchor, else from what stands beside the cursor, else from it", async () => {
    using folder = tmpFolder();
    await withStore(folder.path, async (store) => {
      await enter(store, row(5));
      await store.saveCursor({ ...cursor, settled: place(5), fetchFromId: undefined });
      expect((await startOf(store)).start.from).toEqual(place(5));
      await store.saveCursor({ ...cursor, settled: place(5), fetchFromId: row(3).id });
      expect((await startOf(store)).start.from).toEqual({ id: row(3).id, at: "" });
      await store.journal.admit([], place(4));
      const { start, events } = await startOf(store);
      expect(start.from).toEqual(place(4));
      expect(events).toEqual([]);
    });
  });

  test("that the journal does not know reads from the file's place: what is open was handled", async () => {
    using folder = tmpFolder();
    await withStore(folder.path, async (store) => {
      await enter(store, row(1), row(2));
      await store.journal.admit([], place(1));
      await store.saveCursor({ ...cursor, settled: place(5), fetchFromId: row(4).id });
      const { start, events } = await startOf(store);
      expect(start).toEqual({ from: { id: row(4).id, at: "" }, windowStart: undefined });
      expect(events).toEqual([{ type: "handled-elsewhere", cursor: row(5).id, messages: 2 }]);
      await store.saveCursor({ ...cursor, settled: place(5), fetchFromId: undefined });
      expect((await startOf(store)).start.from).toEqual(place(5));
    });
  });

  test("that another program has moved goes on from there: what lies before was handled there", async () => {
    using folder = tmpFolder();
    await withStore(folder.path, async (store) => {
      await enter(store, row(1), row(2), row(3));
      await store.journal.admit([], place(1));
    });
    await asTheGoTool(folder.path, row(2).id);
    const { start, events } = await withStore(folder.path, (store) => startOf(store));
    expect(start).toEqual({ from: { id: row(2).id, at: "" }, windowStart: undefined });
    expect(events).toEqual([{ type: "handled-elsewhere", cursor: row(2).id, messages: 2 }]);
  });
});

describe("a bridge", () => {
  test("after the Go tool runs what the tool has not handled, and nothing else", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [1, 2, 3, 4].map((n) => row(n));
    await withStore(folder.path, (store) => enter(store, row(1), row(2), row(3)));
    await asTheGoTool(folder.path, row(2).id);
    const backend = backendOf();
    const { bridge } = await once(platform, { backend, stateDir: folder.path });
    await using _ = bridge;
    expect(backend.requests.map(({ text }) => text)).toEqual(["text 3", "text 4"]);
    expect(bridge.of("handled-elsewhere")).toMatchObject([{ messages: 2 }]);
    expect(bridge.of("connected")).toMatchObject([{ start: "cursor", from: row(2).id }]);
    expect(await bridge.stateFile()).toMatchObject({
      last_since_id: row(4).id,
      settled_id: row(4).id,
    });
  });

  test("after the Go tool went past all that we know gives up all of that", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [1, 2, 3, 4].map((n) => row(n));
    await withStore(folder.path, (store) => enter(store, row(1), row(2)));
    await asTheGoTool(folder.path, row(3).id);
    const backend = backendOf();
    const { bridge } = await once(platform, { backend, stateDir: folder.path });
    await using _ = bridge;
    expect(backend.requests.map(({ text }) => text)).toEqual(["text 4"]);
  });

  test("whose cursor file was moved away begins anew, and runs nothing twice", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2)];
    const stateDir = folder.path;
    await settleAll(platform, stateDir);
    await withStore(stateDir, (store) => enter(store, row(3)));
    rmSync(cursorFile(stateDir));
    platform.rows.push(row(3), row(4));
    const backend = backendOf();
    const { bridge, end } = await once(platform, { backend, stateDir });
    await using _ = bridge;
    expect(end).toBeUndefined();
    expect(bridge.of("connected")).toMatchObject([{ start: "window" }]);
    expect(backend.requests.map(({ text }) => text)).toEqual(["text 3", "text 4"]);
  });

  test("whose database was lost runs nothing again that its cursor knows to be settled", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2)];
    const stateDir = folder.path;
    await settleAll(platform, stateDir);
    for (const name of readdirSync(stateDir)) {
      if (isDatabase(name)) rmSync(join(stateDir, name));
    }
    platform.rows.push(row(3));
    const backend = backendOf();
    const { bridge, end } = await once(platform, { backend, stateDir });
    await using _ = bridge;
    expect(end).toBeUndefined();
    expect(backend.requests.map(({ text }) => text)).toEqual(["text 3"]);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(3).id });
  });

  test("whose database is an older copy runs nothing again", async () => {
    using folder = tmpFolder();
    using copies = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const stateDir = folder.path;
    await settleAll(platform, stateDir);
    await withStore(stateDir, (store) => enter(store, row(2)));
    cpSync(stateDir, copies.path, { recursive: true });
    platform.rows.push(row(2), row(3), row(4));
    const second = await once(platform, { stateDir });
    expect(replies(platform).length).toBe(4);
    await second.bridge[Symbol.asyncDispose]();
    for (const name of readdirSync(stateDir)) {
      if (isDatabase(name)) rmSync(join(stateDir, name));
    }
    cpSync(copies.path, stateDir, { recursive: true, filter: (path) => !path.endsWith(".json") });
    platform.rows.push(row(5));
    const backend = backendOf();
    const { bridge, end } = await once(platform, { backend, stateDir });
    await using _ = bridge;
    expect(end).toBeUndefined();
    expect(backend.requests.map(({ text }) => text)).toEqual(["text 5"]);
    expect(bridge.of("handled-elsewhere")).toMatchObject([{ cursor: row(4).id, messages: 1 }]);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(5).id });
  });

  test("that settled its backlog runs nothing of it at the next start", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = Array.from({ length: 20 }, (_, n) => row(n));
    const stateDir = folder.path;
    await settleAll(platform, stateDir);
    const backend = backendOf();
    await using bridge = new TestBridge(platform.url, { backend, stateDir });
    await bridge.until("fetched");
    platform.rows.push(row(20));
    await bridge.until("answered");
    expect(backend.requests.map(({ text }) => text)).toEqual(["text 20"]);
  });
});
