import { describe, expect, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { trimDeadFiles } from "../../../../src/bridge/files/dead-files.ts";
import type { BridgeEvent } from "../../../../src/bridge/events.ts";
import type { Store } from "../../../../src/store/store.ts";
import { backendOf, changed } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { row, ScriptedPlatform, WORKSPACE } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { openStore } from "../../store/support.ts";
import { canvas, deadLetters, enter, notices, once, withStore } from "../support.ts";

const HOUR_MS = 3_600_000;
const { id } = row(1);

/** A store with dead letters, one an hour, each with a file that came, one that was left, and a copy. */
async function scene(letters = 1) {
  const folder = tmpFolder();
  const clock = new ManualClock();
  const store = await openStore(folder.path, { clock });
  const rows = Array.from({ length: letters }, (_, n) => canvas(n + 1));
  await enter(store, ...rows);
  for (const { id: each } of rows) {
    await store.files.receive(each, "a", (sink) => sink(new Uint8Array(10)));
    const out = await store.files.answerFolder(each, true);
    await writeFile(join(out, "b"), "12345");
    await store.files.copy(each, join(out, "b"));
    await store.journal.bury(each, "why");
    clock.suspend(HOUR_MS);
  }
  const events: BridgeEvent[] = [];
  const parts = { store, clock, emit: (event: BridgeEvent) => void events.push(event) };
  const has = async (what: "received" | "left") => store.files.has(id, what);
  const release = async () => {
    await store.close();
    folder[Symbol.dispose]();
  };
  return { store, clock, events, parts, has, [Symbol.asyncDispose]: release };
}

describe("the files of a dead letter", () => {
  test("lose what its run left at once, and what came with it after a day; copies stay", async () => {
    await using it = await scene();
    await trimDeadFiles(it.parts);
    expect([await it.has("left"), await it.has("received")]).toEqual([false, true]);
    it.clock.suspend(24 * HOUR_MS);
    await trimDeadFiles(it.parts);
    expect(await it.has("received")).toBe(false);
    expect(await it.store.files.bytes(id)).toBe(5);
    expect(it.events).toEqual([]);
  });

  test("are left alone once it is revived", async () => {
    await using it = await scene();
    it.clock.suspend(48 * HOUR_MS);
    const stale = await it.store.deadLetters.list();
    await it.store.deadLetters.retry(id);
    await trimDeadFiles(it.parts, 0);
    // Also where that happens while they are looked through.
    const deadLetters = changed(it.store.deadLetters, { list: async () => stale });
    await trimDeadFiles({ ...it.parts, store: changed<Store>(it.store, { deadLetters }) }, 0);
    expect([await it.has("left"), await it.has("received")]).toEqual([true, true]);
  });

  test("go where those of all take up too much: those of the oldest, which is told", async () => {
    await using it = await scene(3);
    await trimDeadFiles(it.parts, 30);
    expect(await it.store.files.list()).toEqual([row(2).id, row(3).id]);
    expect(it.events).toEqual([
      { type: "dead-files-removed", activityId: id, bytes: 15, mostBytes: 30 },
    ]);
    await trimDeadFiles(it.parts, 30);
    expect(it.events).toHaveLength(1);
  });
});

test("a retry whose file is gone from here and from the platform is told so, and runs", async () => {
  using folder = tmpFolder();
  await using platform = new ScriptedPlatform();
  const uri = `platform-pending:${WORKSPACE}/ffffffff-0000-4000-8000-000000000001`;
  const parts = [
    { kind: "text", text: "look" },
    { kind: "file", file: { name: "a", uri } },
  ];
  const params = { message: { role: "user", messageId: "m1", parts } };
  const raw = canvas(1, { request_body: { jsonrpc: "2.0", id: "1", params } });
  await withStore(folder.path, async (store) => {
    await enter(store, raw);
    await store.files.receive(id, "a", (sink) => sink(new Uint8Array(10)));
    await store.journal.bury(id, "why");
  });
  platform.on("download", () => Response.json({ error: "file not found" }, { status: 404 }));
  // A day later the housekeeping of the first start removes it.
  const clock = new ManualClock(Date.now() + 25 * HOUR_MS);
  const first = await once(platform, { stateDir: folder.path, clock });
  await using _ = first.bridge;
  await withStore(folder.path, (store) => store.deadLetters.retry(id));
  const backend = backendOf(undefined, { readsFiles: true });
  const second = await once(platform, { stateDir: folder.path, backend });
  await using __ = second.bridge;
  expect(backend.requests[0]?.files).toMatchObject([{ problem: "the platform no longer has it" }]);
  expect(notices(platform)).toEqual(["echo: look"]);
  expect(await deadLetters(folder.path)).toEqual([]);
});
