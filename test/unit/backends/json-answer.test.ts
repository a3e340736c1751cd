import { expect, test } from "bun:test";
import fc from "fast-check";
import { readJsonAnswer, readJsonError } from "../../../src/backends/json-answer.ts";
import { anyText } from "./support.ts";

function read(value: unknown) {
  const reading = readJsonAnswer(JSON.stringify(value));
  return reading.kind === "answer" ? reading.answer : reading;
}

test("all keys", () => {
  const files = [{ path: "a", name: "b\nc", mime_type: "text/plain", more: 1 }, { path: "d" }];
  const printed = { text: "hi\n", files, declined: "no", error: "e", retry_after_secs: 0.5 };
  expect(readJsonAnswer(`\n ${JSON.stringify(printed, null, 2)} \r\n`)).toEqual({
    kind: "answer",
    answer: {
      text: "hi\n",
      files: [{ path: "a", name: "b c", mimeType: "text/plain" }, { path: "d" }],
      declined: "no",
      error: "e",
      retryAfterMs: 500,
    },
  });
});

test("null, an empty text and a key that is left out are the same", () => {
  const none = {
    text: undefined,
    files: [],
    declined: undefined,
    error: undefined,
    retryAfterMs: undefined,
  };
  expect(read({})).toEqual(none);
  expect(
    read({ text: null, files: null, declined: null, error: null, retry_after_secs: null }),
  ).toEqual(none);
  expect(read({ text: " ", files: [], declined: "", error: "\n" })).toEqual(none);
  expect(read({ declined: false })).toEqual(none);
  expect(read({ declined: true })).toMatchObject({ declined: true });
});

test("what is not one object is plain text", () => {
  const texts = ["{}x", "x{}", "", "  ", "null", "[]", '"text"', "7", "{", "{'a':1}"];
  for (const text of [...texts, '{"text":"a"} {"text":"b"}', '{"text":"a"}\n{"text":"b"}']) {
    expect(readJsonAnswer(text)).toEqual({ kind: "plain" });
  }
});

test("an object with any other key is plain text, even one with a hostile name", () => {
  for (const text of [
    '{"text":"a","Text":"b"}',
    '{"text":7,"more":1}',
    '{"__proto__":{"text":"a"}}',
    '{"constructor":1,"text":"a"}',
  ]) {
    expect(readJsonAnswer(text)).toEqual({ kind: "plain" });
  }
});

test.each<[object, string]>([
  [{ error: "boom", status: 500 }, "boom"],
  [{ error: { message: "boom", code: 7 }, id: 1, jsonrpc: "2.0" }, "boom"],
  [{ error: true, message: "boom" }, "boom"],
  [{ error: 1, detail: "boom", text: null }, "boom"],
  [{ error: { why: "boom" }, text: " " }, '{"why":"boom"}'],
  [{ error: ["boom"], more: 1 }, '["boom"]'],
])("%j is an error, whatever other keys it has", (printed, error) => {
  const found = readJsonError(JSON.stringify(printed));
  expect(found).toEqual({
    text: undefined,
    files: [],
    declined: undefined,
    error,
    retryAfterMs: undefined,
  });
  expect(readJsonAnswer(JSON.stringify({ ...printed, more: 1 }))).toEqual({
    kind: "answer",
    answer: found as NonNullable<typeof found>,
  });
});

test("an error that asks for time has it, where it is a number", () => {
  const wait = (retry_after_secs: unknown) =>
    readJsonError(JSON.stringify({ error: "busy", code: 9, retry_after_secs }))?.retryAfterMs;
  expect([wait(2), wait("2"), wait(-1), wait(null)]).toEqual([2000, ...Array(3).fill(undefined)]);
});

test("an error that is none, or next to a text, leaves an object what it is", () => {
  for (const error of [null, false, 0, "", " ", {}, []]) {
    const text = JSON.stringify({ error, temperature: 21 });
    expect(readJsonError(text)).toBeUndefined();
    expect(readJsonAnswer(text)).toEqual({ kind: "plain" });
  }
  expect(readJsonAnswer('{"error":"boom","text":"hi","more":1}')).toEqual({ kind: "plain" });
  for (const text of ['["error"]', '"error"', "null", '{"error":"x"} y', '{"error":"x"']) {
    expect(readJsonError(text)).toBeUndefined();
  }
});

test("the message of an error is its words", () => {
  expect(read({ error: { message: "boom" } })).toMatchObject({ error: "boom" });
});

test.each<[unknown, string]>([
  [{ text: 7 }, "text must be text, and is a number"],
  [{ text: ["a"] }, "text must be text, and is a list"],
  [{ declined: 1 }, "declined must be text or true, and is a number"],
  [{ error: {} }, "error must be text, and is an object"],
  [{ error: true }, "error must be text, and is true"],
  [{ retry_after_secs: "5" }, "retry_after_secs must be a number of seconds, and is text"],
  [
    { retry_after_secs: -1 },
    "retry_after_secs must be a number of seconds, and is a number below zero",
  ],
  [{ files: "a.txt" }, "files must be a list, and is text"],
  [{ files: ["a.txt"] }, "files[0] must be an object, and is text"],
  [{ files: [{ path: "a" }, {}] }, "files[1].path must be text, and is missing"],
  [{ files: [{ path: "a", name: 7 }] }, "files[0].name must be text, and is a number"],
])("%j is wrong, and the reason names the key and not its value", (printed, why) => {
  expect(read(printed)).toEqual({ kind: "wrong", why });
});

test("no output makes it throw", () => {
  const value = fc.object({ key: fc.constantFrom("text", "files", "declined", "error", "path") });
  fc.assert(
    fc.property(
      fc.oneof(
        anyText(),
        fc.json(),
        value.map((v) => JSON.stringify(v)),
      ),
      (output) => {
        expect(["plain", "wrong", "answer"]).toContain(readJsonAnswer(output).kind);
        expect(readJsonError(output)?.error).not.toBe("");
      },
    ),
  );
  expect(readJsonAnswer(`${'{"text":'.repeat(100_000)}1${"}".repeat(100_000)}`).kind).toBeString();
  const deep = `{"error":${"[".repeat(100_000)}${"]".repeat(100_000)},"more":1}`;
  expect(readJsonError(deep)?.error).toBeString();
});
