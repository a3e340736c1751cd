/** One test for each trap of the platform's contract (section 5) that concerns what the statuses mean, and presence. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { Token } from "../../../src/platform/token.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { backendOf, changed, TestBridge } from "../../harness/bridge.ts";
import { ManualClock } from "../../harness/clock.ts";
import { PEER, row, ScriptedPlatform, WORKSPACE } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { diskFull, once, refusal } from "./support.ts";
import { WINDOWS } from "../../harness/platform.ts";

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
    platform.on("activity", () => refusal(400, body));
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
    platform.on("activity", () => refusal(401, "invalid workspace auth token"));
    platform.on("workspace", () => refusal(410, { error: "workspace removed", id: WORKSPACE }));
    const { bridge, end } = await once(platform);
    await using _ = bridge;
    expect(end).toMatchObject({ exitCode: 5, message: expect.stringContaining("removed") });
  });

  test("T10: a removed workspace registers with a useless token, and is found out", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("register", () =>
      Response.json({ status: "registered", auth_token: "useless-token" }),
    );
    platform.on("workspace", () => refusal(410, { error: "workspace removed", id: WORKSPACE }));
    const { bridge, end } = await once(platform);
    await using _ = bridge;
    expect(end).toMatchObject({ exitCode: 5 });
    expect(platform.calls("activity")).toEqual([]);
  });

  test("T11: a good heartbeat does not hide that the feed refuses us", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("activity", () => refusal(401, "invalid workspace auth token"));
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
    if (!WINDOWS) expect((await file.stat()).mode & 0o777).toBe(0o600);
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
        : refusal(401, "invalid workspace auth token");
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
      n === 2 ? refusal(429, "rate limit exceeded", { "retry-after": "0" }) : undefined,
    );
    await using bridge = new TestBridge(platform.url);
    await bridge.until("feed-recovered");
    expect(bridge.of("feed-failed")[0]?.inMs).toBeGreaterThanOrEqual(1000);
    expect(await bridge.stop()).toBeUndefined();
  });

  test("T23: 500 at register for an id that is no UUID is not tried again", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("register", () => refusal(500, "registration failed"));
    const { bridge, end } = await once(platform, { options: { workspaceId: "ws_01HF" } });
    await using _ = bridge;
    expect(end).toMatchObject({ exitCode: 1, hint: expect.stringContaining("UUID") });
    expect(platform.calls("register").length).toBe(1);
  });

  test("T29: the inbound secret that the platform hands out is masked from then on", async () => {
    await using platform = new ScriptedPlatform();
    const secret = "inbound-secret-abcdef";
    platform.on("heartbeat", () =>
      Response.json({ status: "ok", platform_inbound_secret: secret }),
    );
    platform.on("activity", () => refusal(500, `oops ${secret}`));
    await using bridge = new TestBridge(platform.url);
    await bridge.until("feed-failed");
    await platform.bell.until(() => bridge.secrets.mask(secret) === "[secret]");
  });

  test("T35: the first heartbeat follows the registration at once, not after an interval", async () => {
    await using platform = new ScriptedPlatform();
    const clock = new ManualClock();
    await using bridge = new TestBridge(platform.url, { clock, options: { heartbeatMs: 30_000 } });
    await platform.untilCalled("heartbeat");
    expect(clock.monotonic()).toBe(0);
    expect(bridge.of("heartbeat-failed")).toEqual([]);
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

  test.each(["the cursor", "the journal"])(
    "T34: heartbeats go on when %s can't be written",
    async (what) => {
      await using platform = new ScriptedPlatform();
      let full = false;
      const failing = () => Promise.reject(diskFull());
      await using bridge = new TestBridge(platform.url, {
        options: { heartbeatMs: 5 },
        store: (store) =>
          changed(store, {
            saveCursor: (cursor) =>
              full && what === "the cursor" ? failing() : store.saveCursor(cursor),
            journal: changed(store.journal, {
              begin: (id) =>
                full && what === "the journal" ? failing() : store.journal.begin(id, true),
            }),
          }),
      });
      await bridge.until("connected");
      full = true;
      platform.rows = [row(1)];
      await bridge.until("save-failed");
      await platform.untilCalled("heartbeat", platform.calls("heartbeat").length + 5);
      if (what === "the cursor") {
        await bridge.until("answered");
        expect(await bridge.stop()).toMatchObject({ exitCode: 1 });
      } else {
        full = false;
        await bridge.until("answered");
        expect(bridge.of("save-recovered").length).toBe(1);
      }
    },
  );
});
