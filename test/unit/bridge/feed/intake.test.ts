import { describe, expect, test } from "bun:test";
import { backendOf, changed, TestBridge } from "../../../harness/bridge.ts";
import { PEER, row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { diskFull, once, other, refusal, replies } from "../support.ts";

/** A row whose message has the ids of another. */
function sentAs(n: number, id: number, text: string) {
  const sent = row(n, { text });
  (sent.request_body as any).params.message.messageId = `msg-${id}`;
  return sent;
}

describe("what a peer sends again", () => {
  test("under the same id and with the same words is run once", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1, { text: "hello" }), sentAs(2, 1, "hello")];
    const backend = backendOf();
    const { bridge } = await once(platform, { backend });
    await using _ = bridge;
    expect(backend.requests.length).toBe(1);
    expect(bridge.of("skipped")).toMatchObject([{ activityId: row(2).id, routine: false }]);
    expect(bridge.of("skipped")[0]?.reason).toContain(row(1).id);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(2).id });
  });

  test("under the same id with other words is a message of its own, and logged", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1, { text: "hello" }), sentAs(2, 1, "good-bye")];
    const { bridge } = await once(platform);
    await using _ = bridge;
    expect(replies(platform)).toEqual(["echo: hello", "echo: good-bye"]);
    expect(bridge.of("id-reused")).toEqual([
      { type: "id-reused", activityId: row(2).id, from: PEER },
    ]);
  });

  test("under an id that another peer used is no repeat", async () => {
    await using platform = new ScriptedPlatform();
    const same = other(2, { text: "hello" });
    (same.request_body as any).params.message.messageId = "msg-1";
    platform.rows = [row(1, { text: "hello" }), same];
    const { bridge } = await once(platform);
    await using _ = bridge;
    expect(replies(platform).length).toBe(2);
    expect(bridge.of("id-reused")).toEqual([]);
  });
});

test("a row that the feed shows again and again is entered, told and run once", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1), row(2, { method: "notify" })];
  const backend = backendOf();
  await using bridge = new TestBridge(platform.url, { backend });
  await bridge.until("fetched", 5);
  expect(bridge.of("entered")).toEqual([{ type: "entered", rows: 2 }]);
  expect(bridge.of("skipped").length).toBe(1);
  expect(backend.requests.length).toBe(1);
});

test("a full journal stops the fetching, says so once, and lets it go on when there is room", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1), row(2)];
  const release = Promise.withResolvers<void>();
  const backend = backendOf(async ({ text }) => {
    await release.promise;
    return { kind: "answer", text };
  });
  await using bridge = new TestBridge(platform.url, { backend, room: { maxMessages: 2 } });
  await bridge.until("journal-full");
  expect(bridge.of("journal-full")).toMatchObject([{ waiting: 2, deadLetters: 0 }]);
  const fetches = platform.calls("activity").length;
  platform.rows.push(row(3));
  // Presence goes on, and so does the work; nothing is fetched.
  release.resolve();
  await bridge.until("answered", 2);
  await bridge.until("journal-room");
  await bridge.until("answered", 3);
  expect(fetches).toBe(1);
  expect(replies(platform)).toEqual(["text 1", "text 2", "text 3"]);
  expect(bridge.of("journal-full").length).toBe(1);
});

test("while the journal is full nothing is fetched, however long that lasts", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1), row(2)];
  let looks = 0;
  await using bridge = new TestBridge(platform.url, {
    backend: backendOf((_, signal) => {
      const { promise, resolve } = Promise.withResolvers<{ kind: "stopped" }>();
      signal.addEventListener("abort", () => resolve({ kind: "stopped" }));
      return promise;
    }),
    room: { maxMessages: 2 },
    options: { graceMs: 1 },
    store: (store) =>
      changed(store, {
        journal: changed(store.journal, {
          load: () => {
            looks += 1;
            platform.bell.ring();
            return store.journal.load();
          },
        }),
      }),
  });
  await bridge.until("journal-full");
  const [fetched, looked] = [platform.calls("activity").length, looks];
  await platform.bell.until(() => looks >= looked + 2, "two more looks");
  expect(platform.calls("activity").length).toBe(fetched);
});

test("a page that can't be entered is entered later, and nothing of it is run before", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  let failures = 2;
  const backend = backendOf();
  const { bridge, end } = await once(platform, {
    backend,
    store: (store) =>
      changed(store, {
        journal: changed(store.journal, {
          admit: (rows, anchor) => {
            if (failures === 0) return store.journal.admit(rows, anchor);
            failures -= 1;
            expect(backend.requests).toEqual([]);
            return Promise.reject(diskFull());
          },
        }),
      }),
  });
  await using _ = bridge;
  expect(end).toBeUndefined();
  expect(replies(platform)).toEqual(["echo: text 1"]);
  expect(bridge.of("save-failed").length).toBe(1);
});

test("with --once, what comes while the backlog is worked off is part of it", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  const backend = backendOf(({ text }) => {
    if (text === "text 1") platform.rows.push(row(2), other(3));
    return { kind: "answer", text };
  });
  const { bridge, end } = await once(platform, { backend });
  await using _ = bridge;
  expect(end).toBeUndefined();
  expect(replies(platform).toSorted()).toEqual(["text 1", "text 2", "text 3"]);
});

test("a feed that is refused for good ends the run, after what is in hand", async () => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1), row(2)];
  platform.on("activity", (_, n) => (n === 1 ? undefined : refusal(403, "access denied")));
  const release = Promise.withResolvers<void>();
  const backend = backendOf(async ({ text }) => {
    await release.promise;
    return { kind: "answer", text };
  });
  await using bridge = new TestBridge(platform.url, { backend });
  await platform.untilCalled("activity", 2);
  release.resolve();
  expect(await bridge.ended).toMatchObject({ exitCode: 3 });
  expect(replies(platform)).toEqual(backend.requests.map(({ text }) => text));
  expect(backend.requests.length).toBeGreaterThan(0);
});
