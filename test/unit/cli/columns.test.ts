import { expect, test } from "bun:test";
import fc from "fast-check";
import { align, cut, share, wrap } from "../../../src/cli/columns.ts";

test("numbers may stand to the right of their column", () => {
  const rows = [
    ["NAME", "COUNT"],
    ["a", "5"],
    ["日本", "1234"],
  ];
  expect(align(rows, (i) => i === 1)).toEqual(["NAME  COUNT", "a         5", "日本   1234"]);
});

test("colours take no room", () => {
  const [, row] = align([
    ["one", "two"],
    ["\x1b[31mx\x1b[0m", "y"],
  ]);
  expect(row).toBe("\x1b[31mx\x1b[0m    y");
});

test.each([
  ["hello", 5, "hello"],
  ["hello", 4, "hel…"],
  ["hello", 1, "…"],
  ["hello", 0, ""],
  ["日本語", 5, "日本…"],
  ["日本語", 4, "日…"],
  ["a👩‍👩‍👧‍👦b", 2, "a…"],
])("%j cut to %d columns is %j", (text, width, result) => {
  expect(cut(text, width)).toBe(result);
});

test("a cut text is never wider than it may be, and begins as the whole one", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.nat(30), (text, width) => {
      const result = cut(text, width);
      expect(Bun.stringWidth(result)).toBeLessThanOrEqual(width);
      if (result !== text) expect(text).toStartWith(result.replace(/…$/, ""));
    }),
  );
});

test("the widest columns give way first, all to the same width, none below its least", () => {
  expect(share([36, 50, 8], [9, 9, 8], 100)).toEqual([36, 50, 8]);
  expect(share([36, 50, 8], [9, 9, 8], 84)).toEqual([36, 40, 8]);
  expect(share([36, 50, 8], [9, 9, 8], 60)).toEqual([26, 26, 8]);
  expect(share([36, 50, 8], [36, 9, 8], 60)).toEqual([36, 16, 8]);
  expect(share([36, 50, 8], [9, 9, 8], 5)).toEqual([9, 9, 8]);
  expect(share([], [], 5)).toEqual([]);
});

test("what the columns get fits, and leaves less than one column each unused", () => {
  const columns = fc.array(
    fc.record({ width: fc.integer({ min: 1, max: 80 }), least: fc.nat(12) }),
    {
      minLength: 1,
      maxLength: 8,
    },
  );
  fc.assert(
    fc.property(columns, fc.nat(300), (all, room) => {
      const widths = all.map(({ width }) => width);
      const least = all.map(({ width, least: one }) => Math.min(width, one));
      const result = share(widths, least, room);
      const total = (list: number[]) => list.reduce((sum, one) => sum + one, 0);
      if (total(least) <= room) expect(total(result)).toBeLessThanOrEqual(room);
      for (const [i, width] of result.entries()) {
        expect(width).toBeWithin(least[i] ?? 0, (widths[i] ?? 0) + 1);
      }
      const full = total(result) > room - all.length;
      expect(full || total(result) === total(widths)).toBeTrue();
    }),
  );
});

test("words are wrapped, and a longer word has a line of its own", () => {
  expect(wrap("one two  three", 7)).toEqual(["one two", "three"]);
  expect(wrap("a verylongword b", 4)).toEqual(["a", "verylongword", "b"]);
  expect(wrap("", 4)).toEqual([]);
});
