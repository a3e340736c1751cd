import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  fitHistory,
  newerHalf,
  readHistory,
  type Turn,
  withTurn,
  without,
  writeHistory,
} from "../../../../src/backends/openai/history.ts";
import { anyText } from "../support.ts";

const turn = (id: string, user = "q", assistant = "a"): Turn => ({ id, user, assistant });
const ids = (turns: readonly Turn[]) => turns.map(({ id }) => id).join("");
const abcd = [turn("a"), turn("b"), turn("c"), turn("d")];

test("what is written is read again", () => {
  const anyTurn = fc.record({ id: anyText(), user: anyText(), assistant: anyText() });
  fc.assert(
    fc.property(fc.array(anyTurn), (turns) => {
      expect(readHistory(writeHistory(turns))).toEqual(turns);
    }),
  );
});

test.each([
  "",
  "x",
  "[]",
  "{}",
  '{"turns":[]}',
  '{"version":2,"turns":[]}',
  '{"version":1}',
  '{"version":1,"turns":{}}',
  '{"version":1,"turns":[1]}',
  '{"version":1,"turns":[{"id":"a","user":"b"}]}',
  '{"version":1,"turns":[{"id":"a","user":"b","assistant":null}]}',
  writeHistory(abcd).slice(0, -3),
])("a damaged entry is none: %j", (entry) => {
  expect(readHistory(entry)).toBeUndefined();
});

test("the newest turns are kept, as many as there may be", () => {
  const limits = { turns: 2, bytes: 1000 };
  expect(ids(fitHistory(abcd, limits))).toBe("cd");
  expect(ids(fitHistory(abcd, { ...limits, turns: 0 }))).toBe("");
  expect(ids(fitHistory(abcd, { ...limits, turns: 9 }))).toBe("abcd");
});

test("the budget is in bytes, and a turn goes whole, with all before it", () => {
  const turns = [turn("a"), turn("b", "é".repeat(10), ""), turn("c"), turn("d")];
  expect(ids(fitHistory(turns, { turns: 9, bytes: 26 }))).toBe("abcd");
  expect(ids(fitHistory(turns, { turns: 9, bytes: 25 }))).toBe("bcd");
  expect(ids(fitHistory(turns, { turns: 9, bytes: 24 }))).toBe("bcd");
  // The small turn before the large one goes with it.
  expect(ids(fitHistory(turns, { turns: 9, bytes: 23 }))).toBe("cd");
  expect(ids(fitHistory(turns, { turns: 9, bytes: 1 }))).toBe("");
});

test("a turn of the same activity is replaced, and is the newest", () => {
  const limits = { turns: 9, bytes: 1000 };
  expect(ids(withTurn(abcd, turn("e"), limits))).toBe("abcde");
  const again = withTurn(abcd, turn("d", "q", "another"), limits);
  expect([ids(again), again.at(-1)?.assistant]).toEqual(["abcd", "another"]);
  expect(ids(withTurn(abcd, turn("b"), { ...limits, turns: 3 }))).toBe("cdb");
  expect(ids(without(abcd, "c"))).toBe("abd");
});

test("half of it gets less until nothing is left", () => {
  expect(ids(newerHalf(abcd))).toBe("cd");
  expect(ids(newerHalf(abcd.slice(0, 3)))).toBe("c");
  expect(ids(newerHalf(abcd.slice(0, 1)))).toBe("");
});

test("whatever the limits, what is kept is an unbroken end that fits them", () => {
  const anyTurn = fc.record({ id: fc.uuid(), user: anyText(), assistant: anyText() });
  fc.assert(
    fc.property(fc.array(anyTurn), fc.nat(8), fc.nat(300), (turns, max, bytes) => {
      const kept = fitHistory(turns, { turns: max, bytes });
      expect(kept).toEqual(turns.slice(turns.length - kept.length));
      const size = kept.reduce((sum, t) => sum + Buffer.byteLength(t.user + t.assistant), 0);
      expect(kept.length).toBeLessThanOrEqual(max);
      // Halves of pairs that meet count for less together.
      expect(size).toBeLessThanOrEqual(bytes);
    }),
  );
});
