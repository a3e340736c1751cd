import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { distinctFileNames, safeFileName } from "../../../src/shared/file-name.ts";

describe("a stranger's name becomes", () => {
  test.each([
    ["report.pdf", "report.pdf"],
    ["Größe und Maß.txt", "Größe und Maß.txt"],
    ["../../etc/passwd", "passwd"],
    ["C:\\Users\\me\\notes.txt", "notes.txt"],
    [".bashrc", "bashrc"],
    ["...", "file"],
    ["", "file"],
    ["dir/", "file"],
    ["a\nb\u0000c.txt", "a_b_c.txt"],
    ["gpj.\u202eexe", "gpj._exe"],
    ['what?*"<>|:.txt', "what_______.txt"],
    ["end. ", "end"],
    ["CON.txt", "_CON.txt"],
    ["con .txt", "_con .txt"],
    [`con${" ".repeat(200)}x.txt`, `_con${" ".repeat(142)}.txt`],
    [`${"a".repeat(149)}.${"b".repeat(30)}`, "a".repeat(149)],
    ["https://example.org/a/b.csv?x=1", "b.csv_x=1"],
    ["a\ud800.txt", "a\ufffd.txt"],
    ["e\u0301.txt", "\u00e9.txt"],
  ])("%j → %j", (name, safe) => {
    expect(safeFileName(name)).toBe(safe);
  });

  test("one that is short enough, with its extension", () => {
    const long = safeFileName(`${"ü".repeat(300)}.pdf`);
    expect(Buffer.byteLength(long)).toBeLessThanOrEqual(150);
    expect(long).toEndWith("ü.pdf");
    expect(Buffer.byteLength(safeFileName(`a.${"x".repeat(300)}`))).toBeLessThanOrEqual(150);
  });
});

/** Names that have to be cut, with dots, spaces and devices where the cut may fall. */
const piece = fc.oneof(
  fc.constantFrom(
    "con",
    "com1",
    "nul",
    ".",
    " ",
    ". ",
    "\u00a0",
    "e\u0301",
    "ü",
    "<\u0338",
    "\ud83d\ude00",
  ),
  fc
    .tuple(fc.constantFrom("a", ".", " ", "é", "\u{1f600}"), fc.integer({ min: 1, max: 170 }))
    .map(([c, n]) => c.repeat(n)),
);
const long = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(""));

test("whatever the name, it stays in its folder, is shown as it is, and is safe already", () => {
  const units = fc.uint16Array({ maxLength: 300 }).map((u) => String.fromCharCode(...u));
  const nasty = fc.string({ unit: fc.constantFrom(".", "/", "\\", " ", "a", ":", "\u0000", "é") });
  fc.assert(
    fc.property(fc.oneof(units, nasty, long), (name) => {
      const safe = safeFileName(name);
      expect(safe).toMatch(/^[^./\\\u0000-\u001f\u007f-\u009f][^/\\\u0000-\u001f\u007f-\u009f]*$/);
      expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(150);
      expect(safeFileName(safe)).toBe(safe);
    }),
    { numRuns: 1_000 },
  );
});

test("no two files of a message get one name, also where case does not count", () => {
  expect(distinctFileNames(["a.txt", "b/A.TXT", "a.txt", "a-2.txt", "", "..", "c"])).toEqual([
    "a.txt",
    "A-2.TXT",
    "a-3.txt",
    "a-2-2.txt",
    "file",
    "file-2",
    "c",
  ]);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string({ maxLength: 3 }), long), { maxLength: 30 }),
      (given) => {
        // Each twice, so that long ones have to be made distinct, too.
        const names = [...given, ...given];
        const distinct = distinctFileNames(names);
        expect(new Set(distinct.map((name) => name.toLowerCase())).size).toBe(names.length);
        for (const name of distinct) {
          expect(safeFileName(name)).toBe(name);
          expect(Buffer.byteLength(name)).toBeLessThanOrEqual(150);
        }
      },
    ),
  );
});

test("a hostile name, or a great many of one name, take no time to speak of", () => {
  const begun = performance.now();
  expect(safeFileName(`a${".".repeat(2_000_000)}b`)).toStartWith("a");
  expect(safeFileName(`${" ".repeat(2_000_000)}b`)).toBe("b");
  expect(new Set(distinctFileNames(Array(20_000).fill("a"))).size).toBe(20_000);
  // With a pattern that begins anew at each dot, or a count from 2 for each name, it is minutes.
  expect(performance.now() - begun).toBeLessThan(10_000);
});
