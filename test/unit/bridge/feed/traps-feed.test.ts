/** One test for each trap of the platform's contract (section 5) that concerns the feed. */
import { describe, expect, test } from "bun:test";
import { backendOf, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { echo, row, ScriptedPlatform, WORKSPACE } from "../../../harness/scripted-platform.ts";
import { once, replies } from "../support.ts";

describe("traps of the feed", () => {
  test("T1: a first page comes newest first and is answered oldest first, once", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2), row(3)];
    const { bridge } = await once(platform);
    await using _ = bridge;
    expect(replies(platform)).toEqual(["echo: text 1", "echo: text 2", "echo: text 3"]);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(3).id });
  });

  test("T1: a first page that is full is followed back to its beginning", async () => {
    await using platform = new ScriptedPlatform();
    // Mostly what asks for nothing: to run and answer them all would say no more.
    platform.rows = Array.from({ length: 1203 }, (_, n) =>
      row(n, n % 100 === 0 ? {} : { method: "delegate_result" }),
    );
    const { bridge } = await once(platform);
    await using _ = bridge;
    const asking = Array.from({ length: 13 }, (__, n) => n * 100);
    expect(replies(platform)).toEqual(asking.map((n) => `echo: text ${n}`));
    expect(bridge.of("skipped").length).toBe(1203 - asking.length);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(1202).id });
  });

  test("T2: a first run looks back for --since-secs only", async () => {
    await using platform = new ScriptedPlatform();
    const ago = (secs: number) => ({
      created_at: new Date(Date.now() - secs * 1000).toISOString(),
    });
    platform.rows = [row(-40, ago(40)), row(-3, ago(3)), row(1, ago(0))];
    const { bridge } = await once(platform, { options: { sinceSecs: 20 } });
    await using _ = bridge;
    expect(replies(platform)).toEqual(["echo: text -3", "echo: text 1"]);
  });

  test("T2: the window of a first run stays where it began, however long the lid is closed", async () => {
    await using platform = new ScriptedPlatform();
    const clock = new ManualClock();
    await using _bridge = new TestBridge(platform.url, { clock, options: { sinceSecs: 30 } });
    await platform.untilCalled("activity", 1);
    const secs = (n: number) => Number(platform.calls("activity")[n]?.query.get("since_secs"));
    expect(secs(0)).toBeGreaterThanOrEqual(30);
    await clock.untilSleeping((_, asked) => asked <= 5);
    clock.suspend(600_000);
    // The server's clock is what counts; it went on, too.
    platform.on("heartbeat", () =>
      Response.json({ status: "ok" }, { headers: { date: new Date(clock.now()).toUTCString() } }),
    );
    platform.on("activity", () =>
      Response.json([], { headers: { date: new Date(Date.now() + 600_000).toUTCString() } }),
    );
    await clock.advance(10);
    await platform.untilCalled("activity", 2);
    await clock.untilSleeping((_, asked) => asked <= 5);
    await clock.advance(10);
    await platform.untilCalled("activity", 3);
    expect(secs(2)).toBeGreaterThanOrEqual(600);
  });

  test("T3: our own notices come back in the feed and are not answered", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [echo(1, "hello")];
    const { bridge } = await once(platform);
    await using _ = bridge;
    expect(platform.calls("notify")).toEqual([]);
    expect(bridge.of("skipped")).toMatchObject([{ routine: true }]);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(1).id });
  });

  test("T4: an answer to us, marked or by its role, is run once and never answered", async () => {
    await using platform = new ScriptedPlatform();
    const marked = row(1);
    (marked.request_body as any).params.message.metadata = { molecule_reply: { to: "x" } };
    const byRole = row(2);
    (byRole.request_body as any).params.message.role = "agent";
    platform.rows = [marked, byRole, row(3)];
    const backend = backendOf();
    const { bridge } = await once(platform, { backend });
    await using _ = bridge;
    expect(replies(platform)).toEqual(["echo: text 3"]);
    expect(backend.requests.map((r) => r.isReply)).toEqual([true, true, false]);
  });

  test("T4: our answers carry the mark by which another bridge knows them", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const { bridge } = await once(platform);
    await using _ = bridge;
    const { message } = platform.calls("a2a")[0]?.body.params;
    expect(message.metadata.molecule_reply).toEqual({ to: "msg-1", activity_id: row(1).id });
  });

  test("T5: rows of our own id are not answered", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1, { source_id: WORKSPACE.toUpperCase() })];
    const { bridge } = await once(platform);
    await using _ = bridge;
    expect(platform.calls("a2a")).toEqual([]);
  });

  test.each([
    ["T6: an upload", row(1, { method: "chat_upload_receive", source_id: null })],
    ["T6: a delegation's result", row(1, { method: "delegate_result" })],
    ["an answered row", row(1, { response_body: { result: {} } })],
    ["an error row", row(1, { status: "error" })],
    ["a row without a method", row(1, { method: "" })],
    ["a row of another type", row(1, { activity_type: "a2a_send" })],
  ])("%s is passed over, and the cursor moves", async (_, passedOver) => {
    await using platform = new ScriptedPlatform();
    platform.rows = [passedOver, row(2)];
    const backend = backendOf();
    const { bridge } = await once(platform, { backend });
    await using __ = bridge;
    expect(backend.requests.map((r) => r.text)).toEqual(["text 2"]);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(2).id });
  });

  test("T6: a message of files only gives the backend their names, not an empty text", async () => {
    await using platform = new ScriptedPlatform();
    const files = row(1);
    const file = { name: "plan.pdf", mimeType: "application/pdf", uri: "platform-pending:w/f" };
    (files.request_body as any).params.message.parts = [{ kind: "file", file }];
    platform.rows = [files];
    const backend = backendOf();
    const { bridge } = await once(platform, { backend });
    await using _ = bridge;
    expect(backend.requests[0]?.text).toBe(
      "[file] plan.pdf (application/pdf, platform-pending:w/f)",
    );
  });

  test("T19: since_secs is never sent beside since_id", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2)];
    const { bridge } = await once(platform);
    await using _ = bridge;
    for (const { query } of platform.calls("activity")) {
      expect(query.has("since_id") && query.has("since_secs")).toBe(false);
      expect(query.has("since_id") || query.has("since_secs")).toBe(true);
    }
  });

  test("T20: since_secs is never 0", async () => {
    await using platform = new ScriptedPlatform();
    const { bridge } = await once(platform, { options: { sinceSecs: 0 } });
    await using _ = bridge;
    expect(Number(platform.calls("activity")[0]?.query.get("since_secs"))).toBeGreaterThan(0);
  });

  test("T21: pages are large, so that they seldom end among rows of one instant", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const { bridge } = await once(platform);
    await using _ = bridge;
    for (const { query } of platform.calls("activity")) {
      expect(Number(query.get("limit"))).toBeGreaterThanOrEqual(100);
    }
  });
});
