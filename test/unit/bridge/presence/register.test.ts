import { expect, test } from "bun:test";
import { TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";

const refuse = (status: number, error = "no") => Response.json({ error }, { status });

test("503 then 200 registers on the second try", async () => {
  await using platform = new ScriptedPlatform();
  platform.on("register", (_, n) => (n === 1 ? refuse(503, "data store down") : undefined));
  await using bridge = new TestBridge(platform.url);
  await bridge.until("connected");
  expect(platform.calls("register").length).toBe(2);
  expect(bridge.of("register-retry")[0]?.reason).toContain("data store down");
});

test("a platform that stays away is given up after bounded tries, with exit 4", async () => {
  await using platform = new ScriptedPlatform();
  platform.on("register", () => refuse(503));
  const clock = new ManualClock();
  await using bridge = new TestBridge(platform.url, { clock, random: () => 0.999 });
  let waited = 0;
  for (let retries = 1; retries <= 7; retries++) {
    await bridge.until("register-retry", retries);
    const { inMs } = bridge.of("register-retry")[retries - 1]!;
    waited += inMs;
    await clock.advance(await clock.untilSleeping((ms) => Math.abs(ms - inMs) < 5));
  }
  expect(await bridge.ended).toMatchObject({ exitCode: 4 });
  expect(platform.calls("register").length).toBe(8);
  expect(waited).toBeLessThan(120_000);
});

test("401 ends at once with exit 3, and says that the token was refused", async () => {
  await using platform = new ScriptedPlatform();
  platform.on("register", () => refuse(401, "invalid workspace auth token"));
  await using bridge = new TestBridge(platform.url);
  expect(await bridge.ended).toMatchObject({
    exitCode: 3,
    message: expect.stringContaining("invalid workspace auth token"),
  });
  expect(platform.calls("register").length).toBe(1);
});

test("401 on a workspace that the platform does not know says so", async () => {
  await using platform = new ScriptedPlatform();
  platform.on("register", () => refuse(401)).on("workspace", () => refuse(404, "not found"));
  await using bridge = new TestBridge(platform.url);
  expect(await bridge.ended).toMatchObject({
    exitCode: 3,
    message: expect.stringContaining("knows no workspace"),
  });
});

test("401 without any token asks for one", async () => {
  await using platform = new ScriptedPlatform();
  platform.on("register", () => refuse(401, "missing workspace auth token"));
  await using bridge = new TestBridge(platform.url, { token: undefined });
  expect(await bridge.ended).toMatchObject({
    exitCode: 3,
    hint: expect.stringContaining("--token-file"),
  });
});

test.each([
  [400, 1],
  [403, 3],
])("%d ends at once with exit %d", async (status, exitCode) => {
  await using platform = new ScriptedPlatform();
  platform.on("register", () => refuse(status));
  await using bridge = new TestBridge(platform.url);
  expect(await bridge.ended).toMatchObject({ exitCode });
  expect(platform.calls("register").length).toBe(1);
});

test("a stop while registering ends well", async () => {
  await using platform = new ScriptedPlatform();
  platform.on("register", () => refuse(503));
  const clock = new ManualClock();
  await using bridge = new TestBridge(platform.url, { clock });
  await bridge.until("register-retry");
  expect(await bridge.stop()).toBeUndefined();
});

test("--max-offline holds while registering, too", async () => {
  await using platform = new ScriptedPlatform();
  platform.on("register", () => refuse(503));
  const clock = new ManualClock();
  await using bridge = new TestBridge(platform.url, {
    clock,
    random: () => 0.9,
    options: { maxOfflineMs: 1_000 },
  });
  await bridge.until("register-retry");
  await clock.advance(await clock.untilSleeping());
  expect(await bridge.ended).toMatchObject({ exitCode: 4 });
  expect(platform.calls("register").length).toBe(2);
});

test.each(["two words", "short"])("%j is not taken for a token", async (auth_token) => {
  await using platform = new ScriptedPlatform();
  platform.on("register", () => Response.json({ status: "registered", auth_token }));
  await using bridge = new TestBridge(platform.url);
  await bridge.until("connected");
  expect(bridge.of("token-issued")).toMatchObject([{ kept: false }]);
});

test.each([
  ["ahead of ours is not followed", 600_000],
  ["of another age is not believed", Date.UTC(12_000, 0) - Date.now()],
])("a server's clock that runs %s: what was sent just now is answered", async (_, aheadMs) => {
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1, { created_at: new Date().toISOString() })];
  platform.on("register", () =>
    Response.json(
      { status: "registered", delivery_mode: "poll" },
      { headers: { date: new Date(Date.now() + aheadMs).toUTCString() } },
    ),
  );
  await using bridge = new TestBridge(platform.url, { options: { sinceSecs: 30 } });
  await bridge.until("answered");
  expect((await bridge.stateFile())["window_start"]).toMatch(/^\d{4}-/);
});

test("who has a token and names a workspace that is not there makes none, and ends with exit 3", async () => {
  await using platform = new ScriptedPlatform();
  platform.on("workspace", () => refuse(404, "workspace not found"));
  await using bridge = new TestBridge(platform.url);
  expect(await bridge.ended).toMatchObject({
    exitCode: 3,
    message: expect.stringContaining("knows no workspace"),
    hint: expect.stringContaining("workspace id"),
  });
  expect(platform.calls("register")).toEqual([]);
});

test("a look-up that fails otherwise, or has no token to speak for, hinders no registration", async () => {
  for (const answer of [() => refuse(503), () => new Response(null, { status: 404 })]) {
    await using platform = new ScriptedPlatform();
    platform.on("workspace", answer);
    await using bridge = new TestBridge(platform.url);
    await bridge.until("connected");
  }
  await using platform = new ScriptedPlatform();
  platform.on("workspace", () => refuse(404, "workspace not found"));
  await using bridge = new TestBridge(platform.url, { token: undefined });
  await bridge.until("connected");
});
