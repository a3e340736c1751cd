/** Messages for which the backend is not asked: they must not count as runs of it. */
import { describe, expect, test } from "bun:test";
import type { Outcome } from "../../../../src/backends/backend.ts";
import { backendOf, TestBridge } from "../../../harness/bridge.ts";
import { saying } from "../../../harness/peers.ts";
import { row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { once, other, replies } from "../support.ts";

const reply = (n: number) => row(n, saying({ role: "agent", messageId: `reply-${n}` }));
const empty = (n: number) => row(n, { text: "" });
const isUnread = (text: string) => text.includes("no text");

const onReply = "skip" as const;

describe("an answer that is skipped, or a message without anything", () => {
  test("counts no turn", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [reply(1), empty(2), reply(3), empty(4), row(5), row(6)];
    const backend = backendOf();
    const options = { onReply, turnLimit: 1 };
    await using bridge = new TestBridge(platform.url, { backend, options });
    await bridge.until("turn-limit");
    expect(backend.requests.map(({ text }) => text)).toEqual(["text 5"]);
    expect(replies(platform).filter(isUnread).length).toBe(2);
    await bridge.stop();
    expect(bridge.of("stopped")).toMatchObject([{ settled: 5, waiting: 1 }]);
  });

  test("is not held up by a turn limit that is reached", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), reply(2), empty(3), row(4)];
    const options = { onReply, turnLimit: 1 };
    await using bridge = new TestBridge(platform.url, { options });
    await bridge.until("turn-limit");
    expect(bridge.of("answered").map(({ activityId }) => activityId)).toEqual(
      [row(1), row(3)].map(({ id }) => id),
    );
  });

  test("takes no slot: it is settled while a run has the only one", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [other(1)];
    const run = Promise.withResolvers<Outcome>();
    const backend = backendOf(() => run.promise);
    const options = { onReply, concurrency: 1 };
    await using bridge = new TestBridge(platform.url, { backend, options });
    await bridge.until("taken");
    platform.rows.push(reply(2), empty(3), reply(4), empty(5));
    await bridge.until("answered", 2);
    expect(replies(platform).every(isUnread)).toBe(true);
    expect(bridge.of("skipped").length).toBeGreaterThanOrEqual(3);
    run.resolve({ kind: "answer", text: "ok" });
    await bridge.until("answered", 3);
  });

  test("does not tell that a backend works again, and is settled while it does not", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [other(1)];
    const trouble = { reason: "not logged in", told: "it is not ready", hint: "Log in." };
    const backend = backendOf(() => ({ kind: "operator", ...trouble }));
    await using bridge = new TestBridge(platform.url, { backend, options: { onReply } });
    await bridge.until("backend-paused");
    await bridge.until("answered");
    platform.rows.push(reply(2), empty(3));
    await bridge.until("answered", 2);
    expect(isUnread(replies(platform).at(-1) ?? "")).toBe(true);
    expect(bridge.of("backend-resumed")).toEqual([]);
    expect(backend.requests.length).toBe(1);
  });

  test("is told to the operator once, as skipped", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [reply(1), empty(2)];
    const { bridge } = await once(platform, { options: { onReply } });
    await using _ = bridge;
    const ids = bridge.of("skipped").map(({ activityId }) => activityId);
    expect(ids).toEqual([row(1).id, row(2).id]);
    expect(bridge.of("taken")).toEqual([]);
  });
});
