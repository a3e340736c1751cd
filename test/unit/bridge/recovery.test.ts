import { expect, test } from "bun:test";
import { recoverRuns } from "../../../src/bridge/recovery.ts";
import type { BridgeEvent } from "../../../src/bridge/events.ts";
import type { LeftRun } from "../../../src/bridge/parts.ts";
import { backendOf, TestBridge } from "../../harness/bridge.ts";
import { row, ScriptedPlatform } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { enter, once, other, withStore } from "./support.ts";

/** Leaves two messages as a bridge does that dies in the middle of their runs. */
const leave = (folder: string) =>
  withStore(folder, async (store) => {
    await enter(store, row(1), row(2), other(3));
    await store.journal.begin(row(1).id, true);
    await store.journal.child(row(1).id, { pid: 4711, identity: "boot-1/200" });
    await store.journal.begin(other(3).id, true);
  });

test("what is left of interrupted runs is ended before they may run again", async () => {
  using folder = tmpFolder();
  await leave(folder.path);
  const events: BridgeEvent[] = [];
  await withStore(folder.path, async (store) => {
    let left: readonly LeftRun[] = [];
    const endLeftovers = async (runs: readonly LeftRun[]) => {
      left = runs;
      // Not given back yet: a death in here must find them again.
      expect((await store.journal.interrupted()).length).toBe(2);
      return 3;
    };
    await recoverRuns({ store, endLeftovers, emit: (event) => void events.push(event) });
    expect(left).toEqual([
      { activityId: row(1).id, pid: 4711, identity: "boot-1/200" },
      { activityId: other(3).id, pid: undefined, identity: undefined },
    ]);
    expect(await store.journal.interrupted()).toEqual([]);
    const heads = [
      await store.journal.head(row(1).source_id ?? ""),
      await store.journal.head(other(3).source_id ?? ""),
    ];
    expect(heads).toMatchObject([
      { id: row(1).id, crashes: 1, attempts: 0 },
      { id: other(3).id, crashes: 1, attempts: 0 },
    ]);
  });
  expect(events).toEqual([{ type: "recovered", runs: 2, processes: 3 }]);
});

test("what is left of messages that the platform pushed is ended, and theirs to count", async () => {
  using folder = tmpFolder();
  await withStore(folder.path, async (store) => {
    const kept = JSON.stringify({ "act-1": { pid: 4712, identity: "boot-1/300" }, "act-2": {} });
    await store.memory.remember("push/runs", kept);
    const left: LeftRun[] = [];
    const endLeftovers = async (runs: readonly LeftRun[]) => left.push(...runs);
    const unexpected = () => {
      throw new Error("no message of the journal was interrupted");
    };
    await recoverRuns({ store, endLeftovers, emit: unexpected });
    expect(left).toEqual([
      { activityId: "act-1", pid: 4712, identity: "boot-1/300" },
      { activityId: "act-2", pid: undefined, identity: undefined },
    ]);
    expect(await store.memory.recall("push/runs")).toBe(kept);
    for (const damaged of ["[", "[]", "7", ""]) {
      await store.memory.remember("push/runs", damaged);
      await recoverRuns({ store, endLeftovers: unexpected, emit: unexpected });
    }
  });
});

test("nothing is said, and nobody looked for, where nothing was interrupted", async () => {
  using folder = tmpFolder();
  await withStore(folder.path, async (store) => {
    await enter(store, row(1));
    const unexpected = () => {
      throw new Error("nothing was left");
    };
    await recoverRuns({ store, endLeftovers: unexpected, emit: unexpected });
  });
});

test("no message is run before the leftovers are gone", async () => {
  using folder = tmpFolder();
  await leave(folder.path);
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1), row(2), other(3)];
  const order: string[] = [];
  const backend = backendOf(({ text }) => {
    order.push(text);
    return { kind: "answer", text };
  });
  const { bridge } = await once(platform, {
    backend,
    stateDir: folder.path,
    endLeftovers: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push("gone");
      return 1;
    },
  });
  await using _ = bridge;
  expect(order[0]).toBe("gone");
  expect(order.slice(1).toSorted()).toEqual(["text 1", "text 2", "text 3"]);
  expect(backend.requests.map(({ text, interrupted }) => [text, interrupted])).toContainEqual([
    "text 2",
    false,
  ]);
});

test("leftovers that can't be ended end the start, before anything is run", async () => {
  using folder = tmpFolder();
  await leave(folder.path);
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  const backend = backendOf();
  await using bridge = new TestBridge(platform.url, {
    backend,
    stateDir: folder.path,
    endLeftovers: () => Promise.reject(new Error("not permitted")),
  });
  expect(await bridge.ended).toMatchObject({ message: "not permitted" });
  expect(backend.requests).toEqual([]);
});
