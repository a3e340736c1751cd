/** Answers to a peer that could not take them, and said so when its status was already sent. */
import { expect, test } from "bun:test";
import { refusalIn } from "../../../../src/bridge/delivery/late-refusal.ts";
import { TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { PEER, row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { replyIds } from "../support.ts";

const late = (data: unknown) =>
  Response.json({
    jsonrpc: "2.0",
    id: "1",
    error: { code: -32603, message: "the agent is busy", data },
  });

test.each([undefined, null, "30", { retry_after: "30" }, { retry_after: -1 }, { other: 30 }])(
  "an error with the data %p is the peer's answer, and not for us to repeat",
  (data) => {
    expect(refusalIn({ error: { message: "no", data } })).toBeUndefined();
  },
);

test("what is no error is no refusal", () => {
  for (const body of [
    undefined,
    null,
    "x",
    {},
    { error: "busy" },
    { result: { retry_after: 3 } },
  ]) {
    expect(refusalIn(body)).toBeUndefined();
  }
});

test("one that says when to come again is posted again then, under the same id", async () => {
  const clock = new ManualClock();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  platform.on("a2a", (_, n) => (n === 1 ? late({ retry_after: 40 }) : undefined));
  await using bridge = new TestBridge(platform.url, { clock });
  await bridge.until("reply-retry");
  expect(bridge.of("reply-retry")[0]?.inMs).toBeWithin(40_000, 50_000);
  expect(bridge.of("answered")).toEqual([]);
  await clock.advanceUntil(() => bridge.of("answered").length > 0, 1_000);
  expect(replyIds(platform)).toHaveLength(2);
  expect(new Set(replyIds(platform)).size).toBe(1);
});

test("so is one that was handed over, whatever is known of its peer", async () => {
  const clock = new ManualClock();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  const release = Promise.withResolvers<Response>();
  platform.on("a2a", (_, n) => (n === 1 ? release.promise : undefined));
  await using bridge = new TestBridge(platform.url, { clock });
  await clock.untilSleeping((ms) => ms > 10_000 && ms <= 15_000);
  await clock.advance(15_000);
  await bridge.until("reply-handed-over");
  release.resolve(late({ retry_after: 30 }));
  await bridge.until("reply-late");
  expect(bridge.of("reply-late")).toMatchObject([{ to: PEER, delivered: false }]);
  await clock.advanceUntil(() => bridge.of("answered").length > 0, 100);
  expect(replyIds(platform)).toHaveLength(2);
  expect(new Set(replyIds(platform)).size).toBe(1);
});
