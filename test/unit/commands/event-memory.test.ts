import { expect, test } from "bun:test";
import { EventMemory } from "../../../src/commands/connect/event-memory.ts";

const idOf = (n: number) => `6fd88dc2-0000-4000-8000-${String(n).padStart(12, "0")}`;
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";

test("of traces that senders named so many are remembered, the newest", () => {
  const memory = new EventMemory();
  const take = (n: number) =>
    memory.hear({
      type: "taken",
      activityId: idOf(n),
      messageId: undefined,
      from: "canvas",
      isReply: false,
      bytes: 1,
      attempt: 1,
      interrupted: false,
      delayMs: undefined,
      traceId,
    });
  const known = (n: number) =>
    memory.hear({ type: "backend-stderr", line: "x", activityId: idOf(n) }) === traceId;
  for (let n = 0; n < 10_000; n++) take(n);
  expect(known(0)).toBe(true);
  // One that is taken again is new again.
  take(0);
  take(10_000);
  expect([0, 1, 2, 10_000].map(known)).toEqual([true, false, true, true]);
});
