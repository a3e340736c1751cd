/** What a peer's agent answers to our reply concerns that reply alone. */
import { describe, expect, test } from "bun:test";
import { RETRY_AFTER_MAX_MS } from "../../src/shared/backoff.ts";
import { Token } from "../../src/platform/token.ts";
import { Secrets } from "../../src/shared/secrets.ts";
import { openDeadLetters } from "../../src/store/open-dead-letters.ts";
import { TestBridge } from "../harness/bridge.ts";
import { ManualClock } from "../harness/clock.ts";
import { peerId, sentTexts, targetOf } from "../harness/peers.ts";
import { LOOK_MS, pump } from "../harness/pump.ts";
import { PEER, row, ScriptedPlatform, TOKEN, WORKSPACE } from "../harness/scripted-platform.ts";

const OTHER = peerId(1);

/** A platform whose peer answers so, with a message of that peer before and after one of another's. */
function platformWith(answer: () => Response): ScriptedPlatform {
  const platform = new ScriptedPlatform();
  platform.rows = [row(1), row(2, { source_id: OTHER }), row(3)];
  return platform.on("a2a", (seen) => (targetOf(seen) === PEER ? answer() : undefined));
}

function lettersOf(stateDir: string) {
  const opened = openDeadLetters(stateDir, WORKSPACE);
  if (opened === undefined) throw new Error("there is no database");
  const { letters, close } = opened;
  return { letters, [Symbol.dispose]: close };
}

describe.each([401, 403, 404, 410])("a peer whose agent answers our reply with %d", (status) => {
  test("gets no more tries: its answers are dead letters, and others are answered", async () => {
    await using platform = platformWith(() => Response.json({ error: "no" }, { status }));
    await using bridge = new TestBridge(platform.url, { options: { once: true } });
    expect(await bridge.ended).toBeUndefined();
    expect(sentTexts(platform, OTHER)).toEqual(["echo: text 2"]);
    expect(sentTexts(platform, PEER)).toEqual(["echo: text 1", "echo: text 3"]);
    expect(bridge.of("stopped")).toMatchObject([{ settled: 1, dead: 2, waiting: 0, replies: 0 }]);
    using dead = lettersOf(bridge.stateDir);
    const [first] = await dead.letters.list();
    expect(await dead.letters.list()).toHaveLength(2);
    expect(first).toMatchObject({ id: row(1).id, lane: PEER });
    expect(first?.reason).toContain(String(status));
    expect((await dead.letters.get(row(1).id))?.undelivered?.body).toContain("echo: text 1");
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: row(3).id });
  });
});

test("a peer's 401 does not make us doubt our own token", async () => {
  await using platform = platformWith(() => Response.json({ error: "no" }, { status: 401 }));
  let asked = 0;
  const read = () => {
    asked += 1;
    return TOKEN;
  };
  const token = new Token(new Secrets(), TOKEN, "the test");
  token.renew = async () => read() !== TOKEN;
  await using bridge = new TestBridge(platform.url, { token, options: { once: true } });
  expect(await bridge.ended).toBeUndefined();
  expect(asked).toBe(0);
  expect(bridge.of("token-refused")).toEqual([]);
  // The one look of the start.
  expect(platform.calls("workspace")).toHaveLength(1);
});

test("a peer's 401 does end the run where our own token is refused as well", async () => {
  const no = () => Response.json({ error: "no" }, { status: 401 });
  await using platform = platformWith(no);
  platform.on("state", no);
  await using bridge = new TestBridge(platform.url, { options: { once: true } });
  expect(await bridge.ended).toMatchObject({ exitCode: 3 });
  // The answer is not lost by that.
  expect(bridge.of("reply-refused")).toEqual([]);
  expect(bridge.of("stopped")).toMatchObject([{ replies: 1 }]);
});

test("a peer that asks us to wait a year is tried again within ten minutes, and others go on", async () => {
  const headers = { "retry-after": String(365 * 86_400) };
  await using platform = platformWith(() => Response.json({}, { status: 503, headers }));
  const clock = new ManualClock();
  await using bridge = new TestBridge(platform.url, {
    clock,
    options: { concurrency: 1, intervalMs: LOOK_MS, heartbeatMs: 3_600_000 },
  });
  await bridge.until("answered");
  expect(bridge.of("answered")).toMatchObject([{ to: OTHER }]);
  const [retry] = bridge.of("reply-retry");
  expect(retry).toMatchObject({ to: PEER, failures: 1 });
  expect(retry?.inMs).toBeLessThanOrEqual(RETRY_AFTER_MAX_MS);
  expect(retry?.inMs).toBeGreaterThan(RETRY_AFTER_MAX_MS * 0.9);
  const from = clock.monotonic();
  platform.on("a2a", () => undefined);
  await pump(clock, () => clock.monotonic() - from > RETRY_AFTER_MAX_MS - 60_000, 30_000, bridge);
  expect(sentTexts(platform, PEER)).toEqual(["echo: text 1"]);
  // Small steps, lest a post that is under way seems to take more than its 15 s.
  await pump(clock, () => bridge.of("answered").length === 3, 500, bridge);
  expect(clock.monotonic() - from).toBeLessThanOrEqual(RETRY_AFTER_MAX_MS + 60_000);
  expect(sentTexts(platform, PEER)).toEqual(["echo: text 1", "echo: text 1", "echo: text 3"]);
  const ids = platform.calls("a2a").map(({ body }) => body.params.message.messageId);
  expect(ids[0]).toBe(ids[2]);
});
