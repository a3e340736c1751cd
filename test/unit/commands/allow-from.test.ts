import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { parseAllowFrom } from "../../../src/commands/connect/allow-from.ts";
import { parseDollars } from "../../../src/shared/dollars.ts";

const A = "abcdefab-0000-4000-8000-000000000001";
const B = "abcdefab-0000-4000-8000-000000000002";

describe("--allow-from", () => {
  test.each([
    ["all", { canvas: true, peers: "all" }],
    ["canvas", { canvas: true, peers: new Set() }],
    ["peers", { canvas: false, peers: "all" }],
    ["canvas,peers", { canvas: true, peers: "all" }],
    [A, { canvas: false, peers: new Set([A]) }],
    [`canvas, ${A} ,${B.toUpperCase()}`, { canvas: true, peers: new Set([A, B]) }],
    [`Canvas,PEERS`, { canvas: true, peers: "all" }],
    [`${A},peers`, { canvas: false, peers: "all" }],
  ] as const)("%s", (text, allow) => {
    expect(parseAllowFrom(text)).toEqual(allow as ReturnType<typeof parseAllowFrom>);
  });

  test.each([
    "",
    " ",
    ",",
    "all,",
    "canvas,,peers",
    "a b",
    "../x",
    `${A};${B}`,
    "*",
    "nobody",
    `${A},all`,
  ])("takes no %p", (text) => expect(parseAllowFrom(text)).toBeUndefined());

  test("lets nobody in whom it does not name", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const allow = parseAllowFrom(text);
        const words = text.split(",").map((word) => word.trim().toLowerCase());
        if (allow === undefined) return;
        expect(allow.canvas).toBe(words.includes("all") || words.includes("canvas"));
        expect(allow.peers === "all").toBe(words.includes("all") || words.includes("peers"));
      }),
    );
  });
});

describe("--daily-budget", () => {
  test.each([
    ["5", 5],
    ["2.50", 2.5],
    ["0.000001", 0.000001],
    ["999999999", 999_999_999],
  ])("%s", (text, dollars) => expect(parseDollars(text)).toBe(dollars));

  test.each(["", "0", "0.00", "-1", "$5", "5 USD", "1e3", "1,5", ".5", "5.", "0.0000001", "NaN"])(
    "takes no %p",
    (text) => expect(parseDollars(text)).toBeUndefined(),
  );
});
