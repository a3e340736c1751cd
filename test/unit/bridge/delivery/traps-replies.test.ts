/** One test for each trap of the platform's contract (section 5) that concerns our answers. */
import { describe, expect, test } from "bun:test";
import { backendOf, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { row, ScriptedPlatform, TOKEN, WORKSPACE } from "../../../harness/scripted-platform.ts";
import { deadLetters, once, refusal, replies } from "../support.ts";

describe("traps of the replies", () => {
  test("T24: a push peer that holds our reply open holds up nobody else", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2)];
    const release = Promise.withResolvers<void>();
    platform.on("a2a", async (_, n) => {
      if (n === 1) await release.promise;
      return Response.json({ jsonrpc: "2.0", id: "1", result: { kind: "message", parts: [] } });
    });
    const clock = new ManualClock();
    await using bridge = new TestBridge(platform.url, { clock });
    await clock.untilSleeping((ms) => ms > 10_000 && ms <= 15_000);
    await clock.advance(15_000);
    await bridge.until("answered");
    expect(bridge.of("reply-handed-over").length).toBe(1);
    release.resolve();
    await bridge.until("reply-late");
    await bridge.stop();
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(2).id });
    expect(platform.calls("a2a").length).toBe(2);
  });

  test("T24: a reply that reached its peer in spite of an error is not sent again", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    platform.on("a2a", () =>
      refusal(502, { error: "failed to read agent response", delivery_confirmed: true }),
    );
    const { bridge } = await once(platform);
    await using _ = bridge;
    expect(platform.calls("a2a").length).toBe(1);
    expect(bridge.of("answered").length).toBe(1);
  });

  test("T26: every call says who we are, so a bad token is a 401 and not the user's voice", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const { bridge } = await once(platform);
    await using _ = bridge;
    const { headers } = platform.calls("a2a")[0]!;
    expect(headers.get("x-workspace-id")).toBe(WORKSPACE);
    expect(headers.get("authorization")).toBe(`Bearer ${TOKEN}`);
  });

  test("T26: a local server is not sent an Origin, by which it would take us for the web UI", async () => {
    await using platform = new ScriptedPlatform();
    const { bridge } = await once(platform);
    await using _ = bridge;
    for (const { headers } of platform.seen) expect(headers.has("origin")).toBe(false);
  });

  test("T27: an answer's parts say both kind and type, and its role is agent", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const { bridge } = await once(platform);
    await using _ = bridge;
    const { message } = platform.calls("a2a")[0]?.body.params;
    expect(message).toMatchObject({
      role: "agent",
      messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      parts: [{ kind: "text", type: "text", text: "echo: text 1" }],
    });
  });

  test("T28: an answer over the platform's limit is cut, with a note", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2, { source_id: null })];
    const huge = backendOf(() => ({ kind: "answer", text: "é\u0001".repeat(1_000_000) }));
    const { bridge } = await once(platform, { backend: huge });
    await using _ = bridge;
    for (const route of ["a2a", "notify"] as const) {
      const { body } = platform.calls(route)[0]!;
      expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThanOrEqual(1_000_000);
      expect(JSON.stringify(body)).toContain("[cut: this answer has 3000000 bytes");
    }
  });

  test("T31: a canvas that may not be talked to has its answer kept, and the run goes on", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1, { source_id: null }), row(2)];
    platform.on("notify", () =>
      refusal(403, { error: "talk_to_user_disabled", hint: "switch it on" }),
    );
    const { bridge } = await once(platform);
    await using _ = bridge;
    expect(bridge.of("reply-refused")).toMatchObject([{ to: "canvas" }]);
    expect(await deadLetters(bridge.stateDir)).toMatchObject([
      { id: row(1).id, lane: "", undelivered: { kind: "answer", body: "echo: text 1" } },
    ]);
    expect(platform.calls("notify").length).toBe(1);
    expect(replies(platform)).toEqual(["echo: text 2"]);
  });

  test.each([402, 403, 404, 410, 413])(
    "T33: %d on a reply concerns that reply alone",
    async (status) => {
      await using platform = new ScriptedPlatform();
      platform.rows = [row(1), row(2)];
      platform.on("a2a", (_, n) => (n === 1 ? refusal(status, "no") : undefined));
      const { bridge, end } = await once(platform);
      await using _ = bridge;
      expect(end).toBeUndefined();
      expect(bridge.of("reply-refused").length).toBe(1);
      expect(await deadLetters(bridge.stateDir)).toMatchObject([{ id: row(1).id }]);
      expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(2).id });
    },
  );

  test("T33: 401 on a reply is the peer's own while our token is good", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2)];
    platform.on("a2a", (_, n) => (n === 1 ? refusal(401, "agent says no") : undefined));
    const { bridge, end } = await once(platform);
    await using _ = bridge;
    expect(end).toBeUndefined();
    expect(bridge.of("reply-refused").length).toBe(1);
  });
});
