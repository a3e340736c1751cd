/** One test for each trap of the platform's contract (section 5) that concerns the bridge. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { Token } from "../../../src/platform/token.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { backendOf, TestBridge } from "../../harness/bridge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { PEER, row, ScriptedPlatform, TOKEN, WORKSPACE } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";

const replies = (platform: ScriptedPlatform) =>
  platform.calls("a2a").map((call) => call.body.params.message.parts[0].text);

const error = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  Response.json(body, { status, headers });

/** Runs until everything that is there is settled. */
async function once(
  platform: ScriptedPlatform,
  setup: ConstructorParameters<typeof TestBridge>[1] = {},
) {
  const bridge = new TestBridge(platform.url, {
    ...setup,
    options: { once: true, ...setup.options },
  });
  const end = await bridge.ended;
  return { bridge, end };
}

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
    platform.rows = Array.from({ length: 1203 }, (_, n) => row(n));
    const { bridge } = await once(platform);
    await using _ = bridge;
    expect(replies(platform)).toEqual(platform.rows.map((_, n) => `echo: text ${n}`));
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
    await clock.untilSleeping((ms) => ms <= 5);
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
    await clock.untilSleeping((ms) => ms <= 5);
    await clock.advance(10);
    await platform.untilCalled("activity", 3);
    expect(secs(2)).toBeGreaterThanOrEqual(600);
  });

  test("T3: our own notices come back in the feed and are not answered", async () => {
    await using platform = new ScriptedPlatform();
    const { request_body: _, ...echo } = row(1, { method: "notify", source_id: null });
    platform.rows = [{ ...echo, response_body: { result: "hello" } }];
    const { bridge } = await once(platform);
    await using __ = bridge;
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

describe("traps of the statuses", () => {
  test("T7: the queued answer of a poll peer is a delivery", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const { bridge } = await once(platform);
    await using _ = bridge;
    expect(platform.calls("a2a").length).toBe(1);
    expect(bridge.of("answered")).toMatchObject([{ to: PEER, note: undefined }]);
  });

  test("T8: an empty 404 before the first fetch ends the run with exit 2 and a hint", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("activity", () => new Response(null, { status: 404 }));
    const { bridge, end } = await once(platform);
    await using _ = bridge;
    expect(end).toMatchObject({ exitCode: 2, hint: expect.stringContaining("--org-id") });
  });

  test("T8: a missing tenant header is told the same way", async () => {
    await using platform = new ScriptedPlatform();
    const body = { error: "org header required", code: "TENANT_ORG_HEADER_REQUIRED" };
    platform.on("activity", () => error(400, body));
    const { bridge, end } = await once(platform);
    await using _ = bridge;
    expect(end).toMatchObject({ exitCode: 2 });
  });

  test("T8: the organisation's id is sent when it is given", async () => {
    await using platform = new ScriptedPlatform();
    const { bridge } = await once(platform, { orgId: "org-7" });
    await using _ = bridge;
    expect(platform.calls("activity")[0]?.headers.get("x-molecule-org-id")).toBe("org-7");
  });

  test("T9: an empty 404 after a good fetch is a trouble that passes, not the workspace's end", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("activity", (_, n) => (n === 2 ? new Response(null, { status: 404 }) : undefined));
    await using bridge = new TestBridge(platform.url);
    await bridge.until("feed-recovered");
    expect(await bridge.stop()).toBeUndefined();
  });

  test("T10: a removed workspace answers 401 on its feed, and is told from a bad token", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("activity", () => error(401, { error: "invalid workspace auth token" }));
    platform.on("workspace", () => error(410, { error: "workspace removed", id: WORKSPACE }));
    const { bridge, end } = await once(platform);
    await using _ = bridge;
    expect(end).toMatchObject({ exitCode: 5, message: expect.stringContaining("removed") });
  });

  test("T10: a removed workspace registers with a useless token, and is found out", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("register", () =>
      Response.json({ status: "registered", auth_token: "useless-token" }),
    );
    platform.on("workspace", () => error(410, { error: "workspace removed", id: WORKSPACE }));
    const { bridge, end } = await once(platform);
    await using _ = bridge;
    expect(end).toMatchObject({ exitCode: 5 });
    expect(platform.calls("activity")).toEqual([]);
  });

  test("T11: a good heartbeat does not hide that the feed refuses us", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("activity", () => error(401, { error: "invalid workspace auth token" }));
    const { bridge, end } = await once(platform);
    await using _ = bridge;
    expect(end).toMatchObject({ exitCode: 3, message: expect.stringContaining("revoked") });
  });

  test("T12: register says that we poll", async () => {
    await using platform = new ScriptedPlatform();
    const { bridge } = await once(platform);
    await using _ = bridge;
    expect(platform.calls("register")[0]?.body).toMatchObject({
      id: WORKSPACE,
      delivery_mode: "poll",
    });
    expect(platform.calls("register")[0]?.body.agent_card.url).toBeUndefined();
  });

  test("T14: heartbeats go on while a backend works", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const release = Promise.withResolvers<void>();
    const backend = backendOf(async () => {
      await release.promise;
      return { kind: "answer", text: "late" };
    });
    await using bridge = new TestBridge(platform.url, { backend, options: { heartbeatMs: 5 } });
    await bridge.until("taken");
    await platform.untilCalled("heartbeat", platform.calls("heartbeat").length + 20);
    expect(platform.calls("heartbeat").at(-1)?.body).toMatchObject({ active_tasks: 1 });
    release.resolve();
    await bridge.until("answered");
  });

  test("T15, T16: a heartbeat has all fields, and its runtime state is empty", async () => {
    await using platform = new ScriptedPlatform();
    await using bridge = new TestBridge(platform.url);
    await platform.untilCalled("heartbeat");
    expect(platform.calls("heartbeat")[0]?.body).toEqual({
      workspace_id: WORKSPACE,
      error_rate: 0,
      sample_error: "",
      active_tasks: 0,
      uptime_seconds: 0,
      current_task: "",
      monthly_spend: 0,
      runtime_state: "",
    });
    await bridge.stop();
  });

  test("T17: a token handed out at registration is used and kept", async () => {
    await using platform = new ScriptedPlatform();
    const issued = "issued-token-0123456789";
    platform.on("register", () => Response.json({ status: "registered", auth_token: issued }));
    const { bridge } = await once(platform, { token: undefined });
    await using _ = bridge;
    expect(platform.calls("activity")[0]?.headers.get("authorization")).toBe(`Bearer ${issued}`);
    const file = Bun.file(join(bridge.stateDir, `${WORKSPACE}.token`));
    expect((await file.text()).trim()).toBe(issued);
    expect((await file.stat()).mode & 0o777).toBe(0o600);
  });

  test("T18: after a rotation the token file is read again, and the run goes on", async () => {
    using folder = tmpFolder();
    const file = join(folder.path, "token");
    await writeFile(file, "old-token-0000\n");
    await using platform = new ScriptedPlatform();
    let valid = "old-token-0000";
    const guard = (seen: { headers: Headers }) =>
      seen.headers.get("authorization") === `Bearer ${valid}`
        ? undefined
        : error(401, { error: "invalid workspace auth token" });
    platform.on("activity", guard).on("heartbeat", guard);
    const token = await Token.fromFile(file, new Secrets());
    await using bridge = new TestBridge(platform.url, { token });
    await platform.untilCalled("activity", 2);
    valid = "new-token-1111";
    await writeFile(file, "new-token-1111\n");
    await bridge.until("token-changed");
    platform.rows = [row(1)];
    await bridge.until("answered");
    expect(await bridge.stop()).toBeUndefined();
  });

  test("T22: 429 is waited out, also with a Retry-After of 0", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("activity", (_, n) =>
      n === 2 ? error(429, { error: "rate limit exceeded" }, { "retry-after": "0" }) : undefined,
    );
    await using bridge = new TestBridge(platform.url);
    await bridge.until("feed-recovered");
    expect(bridge.of("feed-failed")[0]?.inMs).toBeGreaterThanOrEqual(1000);
    expect(await bridge.stop()).toBeUndefined();
  });

  test("T23: 500 at register for an id that is no UUID is not tried again", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("register", () => error(500, { error: "registration failed" }));
    const { bridge, end } = await once(platform, { options: { workspaceId: "ws_01HF" } });
    await using _ = bridge;
    expect(end).toMatchObject({ exitCode: 1, hint: expect.stringContaining("UUID") });
    expect(platform.calls("register").length).toBe(1);
  });

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
      error(502, { error: "failed to read agent response", delivery_confirmed: true }),
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

  test("T29: the inbound secret that the platform hands out is masked from then on", async () => {
    await using platform = new ScriptedPlatform();
    const secret = "inbound-secret-abcdef";
    platform.on("heartbeat", () =>
      Response.json({ status: "ok", platform_inbound_secret: secret }),
    );
    platform.on("activity", () => error(500, { error: `oops ${secret}` }));
    await using bridge = new TestBridge(platform.url);
    await bridge.until("feed-failed");
    await platform.bell.until(() => bridge.secrets.mask(secret) === "[secret]");
  });

  test("T31: a canvas that may not be talked to drops the answer, and the run goes on", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1, { source_id: null }), row(2)];
    platform.on("notify", () =>
      error(403, { error: "talk_to_user_disabled", hint: "switch it on" }),
    );
    const { bridge } = await once(platform);
    await using _ = bridge;
    expect(bridge.of("reply-dropped")).toMatchObject([{ to: "canvas" }]);
    expect(platform.calls("notify").length).toBe(1);
    expect(replies(platform)).toEqual(["echo: text 2"]);
  });

  test.each([200, 404])("T32: a web page under %d is no answer and no verdict", async (status) => {
    await using platform = new ScriptedPlatform();
    const page = () =>
      new Response("<html>sign in</html>", { status, headers: { "content-type": "text/html" } });
    platform.on("activity", (_, n) => (n <= 2 ? page() : undefined));
    platform.rows = [row(1)];
    await using bridge = new TestBridge(platform.url);
    await bridge.until("answered");
    expect(bridge.of("feed-failed")[0]?.reason).toContain("text/html");
    expect(await bridge.stop()).toBeUndefined();
  });

  test.each([402, 403, 404, 410, 413])(
    "T33: %d on a reply concerns that reply alone",
    async (status) => {
      await using platform = new ScriptedPlatform();
      platform.rows = [row(1), row(2)];
      platform.on("a2a", (_, n) => (n === 1 ? error(status, { error: "no" }) : undefined));
      const { bridge, end } = await once(platform);
      await using _ = bridge;
      expect(end).toBeUndefined();
      expect(bridge.of("reply-dropped").length).toBe(1);
      expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(2).id });
    },
  );

  test("T33: 401 on a reply is the peer's own while our token is good", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2)];
    platform.on("a2a", (_, n) => (n === 1 ? error(401, { error: "agent says no" }) : undefined));
    const { bridge, end } = await once(platform);
    await using _ = bridge;
    expect(end).toBeUndefined();
    expect(bridge.of("reply-dropped").length).toBe(1);
  });

  test("T34: heartbeats go on when no file can be written", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    await using bridge = new TestBridge(platform.url, {
      options: { heartbeatMs: 5 },
      store: (store) => ({
        loadCursor: () => store.loadCursor(),
        loadToken: () => store.loadToken(),
        saveToken: (token) => store.saveToken(token),
        saveCursor: () => Promise.reject(new Error("no space")),
      }),
    });
    await bridge.until("save-failed");
    await bridge.until("answered");
    await platform.untilCalled("heartbeat", platform.calls("heartbeat").length + 5);
    expect(await bridge.stop()).toMatchObject({ exitCode: 1 });
  });

  test("T35: the first heartbeat follows the registration at once, not after an interval", async () => {
    await using platform = new ScriptedPlatform();
    const clock = new ManualClock();
    await using bridge = new TestBridge(platform.url, { clock, options: { heartbeatMs: 30_000 } });
    await platform.untilCalled("heartbeat");
    expect(clock.monotonic()).toBe(0);
    expect(bridge.of("heartbeat-failed")).toEqual([]);
  });
});
