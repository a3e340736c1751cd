import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { clip, clipBytes, oneLine, printable, storable } from "../../../src/shared/text.ts";

const ESC = "\u001b";
/** Unicode's Bidi_Control characters (UAX 9). */
const BIDI = [..."\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"];
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** Text with much of what must not come through. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...BIDI, ESC, "\r", "\n", "\t", "\0", "\u0085", "\u009b", "\u2028", "\u2029"),
    fc.constantFrom(`${ESC}[31m`, `${ESC}]0;title\u0007`, "\ud800", "\udc00", "😀", "ä", "漢"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
  size: "medium",
});

const isWhole = (text: string) => text.isWellFormed();

describe("one line of a stranger's text", () => {
  test.each([
    ["leaves plain text as it is", "Grüße 漢字 😀", "Grüße 漢字 😀"],
    ["makes one space of white space", "  a\r\n\tb  ", "a b"],
    ["lets nobody forge a line", "ok\n2026 ERROR forged", "ok 2026 ERROR forged"],
    ["lets nobody colour it", `${ESC}[31mred${ESC}[0m`, "\\u001b[31mred\\u001b[0m"],
    ["knows the short form of ESC [", "\u009b31mred", "\\u009b31mred"],
    ["shows a backspace and a NUL", "over\bwrite\0", "over\\u0008write\\u0000"],
    ["shows Unicode's own line ends", "a\u2028b\u2029c", "a\\u2028b\\u2029c"],
    ["lets nobody turn it around", "invoice\u202egpj.exe", "invoice\\u202egpj.exe"],
    ["shows the Arabic letter mark", "\u061ca", "\\u061ca"],
  ])("%s", (_, text, line) => {
    expect(oneLine(text)).toBe(line);
  });

  test("has no control character, terminal sequence or bidi mark, and keeps its limit", () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 300 }), (text, max) => {
        const line = oneLine(text, max);
        expect(line).not.toMatch(CONTROL);
        expect(line.length).toBeLessThanOrEqual(max);
      }),
    );
  });

  test("says with an ellipsis that something was cut", () => {
    expect(oneLine("a".repeat(201))).toBe(`${"a".repeat(199)}…`);
    expect(oneLine("a".repeat(200))).toBe("a".repeat(200));
    expect(oneLine(`a${" ".repeat(500)}b`, 10)).toBe("a…");
  });
});

describe("printable text", () => {
  test("keeps its lines and shows every other control character", () => {
    expect(printable(`a\n\tb\r\n${ESC}[2J\u202e`)).toBe("a\n\\u0009b\\u000d\n\\u001b[2J\\u202e");
  });

  test("has no control character but line feeds, and stands for the same JSON", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(printable(text).replaceAll("\n", "")).not.toMatch(CONTROL);
        expect(JSON.parse(printable(JSON.stringify({ text })))).toEqual({ text });
      }),
    );
  });
});

describe("clipped text", () => {
  test.each([
    ["abc", 3, "abc"],
    ["abcd", 3, "ab…"],
    ["ab😀", 4, "ab😀"],
    ["ab😀c", 4, "ab…"],
    ["😀😀", 3, "😀…"],
    ["😀😀", 1, "…"],
    ["a\u{10000}b", 3, "a…"],
    ["a\u{10ffff}b", 3, "a…"],
  ])("%j in %i characters is %j", (text, max, clipped) => {
    expect(clip(text, max)).toBe(clipped);
  });

  test("keeps its limit, begins as the text does, and never ends in half a character", () => {
    const whole = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(whole, fc.integer({ min: 1, max: 40 }), fc.boolean(), (text, max, cutBefore) => {
        const clipped = clip(text, max, cutBefore);
        expect(clipped.length).toBeLessThanOrEqual(max);
        expect(isWhole(clipped)).toBe(true);
        if (clipped === text) return;
        expect(clipped.endsWith("…")).toBe(true);
        expect(text.startsWith(clipped.slice(0, -1))).toBe(true);
      }),
    );
  });
});

describe("storable text", () => {
  test("is the text itself, but for what no database of Unicode text takes", () => {
    expect(storable("a\tä漢😀\u001b\n")).toBe("a\tä漢😀\u001b\n");
    expect(storable("\0a\0b\ud800c\udc00")).toBe("\ufffda\ufffdb\ufffdc\ufffd");
  });

  test("has no NUL and no half character, and keeps its length", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const stored = storable(text);
        expect(stored).not.toContain("\0");
        expect(stored.isWellFormed()).toBe(true);
        expect(stored).toHaveLength(text.length);
      }),
    );
  });
});

describe("text clipped to bytes", () => {
  test.each([
    ["abc", 3, "abc"],
    ["abcd", 3, "abc"],
    ["aä", 2, "a"],
    ["aä", 3, "aä"],
    ["漢字", 5, "漢"],
    ["😀😀", 7, "😀"],
    ["😀", 3, ""],
    ["abc", 0, ""],
    ["\ufeffabcd", 5, "\ufeffab"],
  ])("%j in %i bytes is %j", (text, max, clipped) => {
    expect(clipBytes(text, max)).toBe(clipped);
  });

  test("is valid UTF-8, keeps its limit, begins as the text does, and is as long as it can be", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat({ max: 60 }), (text, max) => {
        const clipped = clipBytes(text, max);
        const bytes = Buffer.byteLength(clipped);
        expect(bytes).toBeLessThanOrEqual(max);
        expect(isWhole(clipped)).toBe(true);
        expect(text.startsWith(clipped)).toBe(true);
        const [next = ""] = text.slice(clipped.length);
        if (next !== "") expect(bytes + Buffer.byteLength(next)).toBeGreaterThan(max);
      }),
    );
  });

  test("keeps its limit with halves of characters, too", () => {
    fc.assert(
      fc.property(hostile, fc.nat({ max: 60 }), (text, max) => {
        expect(Buffer.byteLength(clipBytes(text, max))).toBeLessThanOrEqual(max);
      }),
    );
  });
});
