/** How messages ended, each counted once whatever is told of it. */
import { expect, test } from "bun:test";
import type { BridgeEvent } from "../../../src/bridge/events.ts";
import { Outcomes } from "../../../src/observe/outcomes.ts";
import { answered, runFailed, taken } from "./support.ts";

function countsOf(...events: BridgeEvent[]): Record<string, number> {
  const outcomes = new Outcomes();
  for (const event of events) outcomes.hear(event);
  return Object.fromEntries(Object.entries(outcomes.counts).filter(([, n]) => n > 0));
}

const declined: BridgeEvent = { type: "declined", activityId: "a", from: "canvas", reason: "no" };
const replyRefused: BridgeEvent = {
  type: "reply-refused",
  activityId: "a",
  to: "peer",
  kind: "answer",
  reason: "gone",
};
const late = (delivered: boolean): BridgeEvent => {
  return { type: "reply-late", activityId: "a", to: "peer", delivered, reason: undefined };
};

const CASES: [what: string, events: BridgeEvent[], counts: Record<string, number>][] = [
  ["an answer", [taken("a"), answered("a")], { answered: 1 }],
  ["an answer that an earlier process kept", [answered("a")], { answered: 1 }],
  ["a failure, and the word of it", [runFailed("a"), answered("a", "failure")], { failed: 1 }],
  ["the word of a failure in an earlier process", [answered("a", "failure")], {}],
  [
    "a word that it must wait, before the answer",
    [answered("a", "trouble"), answered("a")],
    { answered: 1 },
  ],
  ["nothing to say, told to the canvas", [declined, answered("a")], { declined: 1 }],
  ["an answer that can't be delivered", [replyRefused], { failed: 1 }],
  [
    "a failure that can't be told",
    [runFailed("a"), { ...replyRefused, kind: "failure" }],
    { failed: 1 },
  ],
  ["an answer that was handed over", [late(true)], { answered: 1 }],
  ["one that comes back", [late(false), answered("a")], { answered: 1 }],
  ["an answer to us", [{ type: "noted", activityId: "a", from: "peer", ms: 1 }], { noted: 1 }],
  [
    "a sender who may not ask, and is told so",
    [{ type: "refused", activityId: "a", from: "peer", told: true }, answered("a", "failure")],
    { refused: 1 },
  ],
  [
    "what is no request",
    [{ type: "skipped", activityId: "a", reason: "ours", routine: true }],
    { skipped: 1 },
  ],
  [
    "a pushed message that came twice",
    [{ type: "push-repeat", activityId: "a", running: true }],
    { skipped: 1 },
  ],
  [
    "a dead letter that is retried",
    [runFailed("a"), taken("a"), answered("a")],
    { failed: 1, answered: 1 },
  ],
];

test.each(CASES)("%s", (_, events, counts) => {
  expect(countsOf(...events)).toEqual(counts);
});

test("a million messages take no more memory than a thousand", () => {
  const outcomes = new Outcomes();
  const fill = (from: number, to: number) => {
    for (let i = from; i < to; i++) outcomes.hear(runFailed(`message-${i}`));
    Bun.gc(true);
    return process.memoryUsage().heapUsed;
  };
  const few = fill(0, 2_000);
  const many = fill(2_000, 300_000);
  expect(outcomes.counts.failed).toBe(300_000);
  // Each id alone would take 30 bytes.
  expect(many - few).toBeLessThan(3_000_000);
});
