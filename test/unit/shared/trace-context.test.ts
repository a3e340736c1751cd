import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  parseTraceparent,
  traceOfActivity,
  traceparentOf,
} from "../../../src/shared/trace-context.ts";

const ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

describe("a traceparent is read", () => {
  test.each<[string, string]>([
    [`00-${ID}-${SPAN}-01`, "01"],
    [`00-${ID}-${SPAN}-00`, "00"],
    // Sampled, and random as of level 2; bits that nobody knows are cleared.
    [`00-${ID}-${SPAN}-03`, "03"],
    [`00-${ID}-${SPAN}-fd`, "01"],
    // A later version: what this one knows of it, and of its flags one alone.
    [`01-${ID}-${SPAN}-03`, "01"],
    [`cc-${ID}-${SPAN}-01-what-the-future-will-be-like`, "01"],
    [`fe-${ID}-${SPAN}-00-`, "00"],
  ])("%s", (text, flags) => {
    expect(parseTraceparent(text)).toEqual({ id: ID, flags });
  });
});

describe("no traceparent is", () => {
  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["a number", 1],
    ["a list of one", [`00-${ID}-${SPAN}-01`]],
    ["an empty text", ""],
    ["the version that is forbidden", `ff-${ID}-${SPAN}-01`],
    ["that in capitals", `00-${ID.toUpperCase()}-${SPAN}-01`],
    ["a trace of zeros", `00-${"0".repeat(32)}-${SPAN}-01`],
    ["a span of zeros", `00-${ID}-${"0".repeat(16)}-01`],
    ["one that is too short", `00-${ID.slice(1)}-${SPAN}-01`],
    ["one with more to it than its version has", `00-${ID}-${SPAN}-01-more`],
    ["one that ends in a dash", `00-${ID}-${SPAN}-01-`],
    ["one of the future whose flags go on", `01-${ID}-${SPAN}-01.more`],
    ["one with a newline", `00-${ID}-${SPAN}-01\n`],
    ["one with a space before it", ` 00-${ID}-${SPAN}-01`],
    ["one that is too long", `01-${ID}-${SPAN}-01-${"x".repeat(512)}`],
  ])("%s", (_, value) => {
    expect(parseTraceparent(value)).toBeUndefined();
  });
});

const digits = (length: number) =>
  fc
    .array(fc.constantFrom(..."0123456789abcdef"), { minLength: length, maxLength: length })
    .map((all) => all.join(""));

test("whatever a stranger sends, what is handed on is a traceparent of version 00", () => {
  const near = fc
    .tuple(digits(2), digits(32), digits(16), digits(2), fc.string({ maxLength: 5 }))
    .map(([version, id, span, flags, more]) => `${version}-${id}-${span}-${flags}${more}`);
  let read = 0;
  fc.assert(
    fc.property(fc.oneof(near, fc.string(), fc.anything()), fc.string(), (value, work) => {
      const trace = parseTraceparent(value);
      if (trace === undefined) return;
      read += 1;
      const handed = traceparentOf(trace, work);
      expect(handed).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/);
      expect(String(value).split("-")[1]).toBe(trace.id);
      expect(parseTraceparent(handed)).toEqual(trace);
    }),
    { numRuns: 500 },
  );
  expect(read).toBeGreaterThan(0);
});

describe("the trace of an activity", () => {
  test("is its UUID", () => {
    const id = "6FD88DC2-0000-4000-8000-00000000000A";
    expect(traceOfActivity(id)).toEqual({ id: "6fd88dc200004000800000000000000a", flags: "01" });
  });

  test("is a valid one for any other id, and the same each time", () => {
    const zeros = "00000000-0000-0000-0000-000000000000";
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constant(zeros)), fc.string(), (id, other) => {
        const trace = traceOfActivity(id);
        expect(parseTraceparent(traceparentOf(trace, "x"))).toEqual(trace);
        expect(traceOfActivity(id)).toEqual(trace);
        if (id !== other) expect(traceOfActivity(other)).not.toEqual(trace);
      }),
    );
  });
});

test("each work has a span of its own, and the same whenever it is asked for", () => {
  const trace = { id: ID, flags: "01" };
  const spans = Array.from({ length: 100 }, (_, n) => traceparentOf(trace, `act/0/${n}`));
  expect(new Set(spans).size).toBe(100);
  expect(traceparentOf(trace, "act/0/7")).toBe(spans[7] ?? "");
});
