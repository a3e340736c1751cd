import { describe, expect, test } from "bun:test";
import { asJson, wholeText } from "../../../../src/page/browser/whole.ts";
import { count, sizeOf, span, stepOf } from "../../../../src/page/browser/words.ts";

test("spans are told in one unit", () => {
  expect([-5, 0, 12_400, 89_000, 91_000, 7_200_000, 200_000_000].map(span)).toEqual([
    "0 s",
    "0 s",
    "12 s",
    "89 s",
    "2 min",
    "2 h",
    "2 d",
  ]);
});

test("sizes are told in one unit", () => {
  expect([0, 1, 999, 1_000, 12_345, 4_200_000, 104_857_600].map(sizeOf)).toEqual([
    "0 bytes",
    "1 byte",
    "999 bytes",
    "1.0 kB",
    "12 kB",
    "4.2 MB",
    "105 MB",
  ]);
});

test("one thing is not called many", () => {
  expect([count(1, "task"), count(0, "task"), count(2, "bus", "buses")]).toEqual([
    "1 task",
    "0 tasks",
    "2 buses",
  ]);
});

describe("where a message stands", () => {
  test("is the bridge's word where there is one", () => {
    expect(stepOf({ state: "running", runs: 1 }, true)).toEqual({ word: "running", tone: "busy" });
    expect(stepOf({ state: "running", runs: 2 }, true).word).toBe("running, try 2");
    expect(stepOf({ state: "journal" }, true).word).toBe("taken, waits for its turn");
    expect(stepOf({ state: "journal", runs: 1 }, true).word).toBe("1 try failed, is tried again");
    expect(stepOf({ state: "dead", reason: "it failed" }, true)).toEqual({
      word: "given up: it failed",
      tone: "bad",
    });
    expect(stepOf({ state: "dead" }, true).word).toBe("given up: for no known reason");
  });

  test("is what the platform shows, otherwise", () => {
    expect(stepOf(undefined, true).word).toBe("sent");
    expect(stepOf(undefined, false).word).toBe("sent, waits for an agent");
  });
});

describe("a row in full", () => {
  const request = (parts: unknown) =>
    JSON.stringify({ request_body: { params: { message: { parts } } } });

  test("is the text that it says, wherever that is", () => {
    expect(wholeText(request([{ text: "a" }, { file: {} }, null, { text: "b" }]))).toBe("a\nb");
    expect(wholeText('{"response_body":{"result":"done"}}')).toBe("done");
  });

  test("is JSON where no text is found", () => {
    expect(wholeText('{"request_body":7}')).toBe('{\n  "request_body": 7\n}');
    expect(wholeText(request({ text: "no list" }))).toContain("no list");
  });

  test("is itself where it can't be read", () => {
    expect(wholeText("not JSON")).toBe("not JSON");
    expect(asJson("not JSON")).toBe("not JSON");
  });
});
