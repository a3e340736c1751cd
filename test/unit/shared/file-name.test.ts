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

test("whatever the name, it stays in its folder, is shown as it is, and is safe already", () => {
  const units = fc.uint16Array({ maxLength: 300 }).map((u) => String.fromCharCode(...u));
  const nasty = fc.string({ unit: fc.constantFrom(".", "/", "\\", " ", "a", ":", "\u0000", "é") });
  fc.assert(
    fc.property(fc.oneof(units, nasty), (name) => {
      const safe = safeFileName(name);
      expect(safe).toMatch(/^[^./\\\u0000-\u001f\u007f-\u009f][^/\\\u0000-\u001f\u007f-\u009f]*$/);
      expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(160);
      expect(safeFileName(safe)).toBe(safe);
    }),
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
    fc.property(fc.array(fc.string({ maxLength: 3 }), { maxLength: 30 }), (names) => {
      const distinct = distinctFileNames(names);
      expect(new Set(distinct.map((name) => name.toLowerCase())).size).toBe(names.length);
      for (const name of distinct) expect(safeFileName(name)).toBe(name);
    }),
  );
});
