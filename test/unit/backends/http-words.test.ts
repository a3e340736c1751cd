import { expect, test } from "bun:test";
import fc from "fast-check";
import type { HttpAnswer } from "../../../src/backends/http-call.ts";
import { errorIn } from "../../../src/backends/http-words.ts";
import { said } from "../../../src/backends/said.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { anyText } from "./support.ts";

const answer = (text: string, over: Partial<HttpAnswer> = {}): HttpAnswer => ({
  kind: "answered",
  status: 500,
  type: "application/json",
  text,
  cut: false,
  retryAfterMs: undefined,
  encoding: undefined,
  ...over,
});

test.each([
  ['{"error":"boom"}', "boom"],
  ['{"error":"boom","message":"more"}', "boom"],
  ['{"error":"","message":"boom"}', "boom"],
  ['{"error":null,"detail":"boom"}', "boom"],
  ['{"error":{"message":"boom"},"message":"less"}', "boom"],
  ['{"error":{"detail":"boom"}}', "boom"],
  ['{"error":{"code":1},"message":"boom"}', "boom"],
  ['{"message":"boom","detail":"more"}', "boom"],
  ['{"detail":[{"msg":"boom"}]}', '{"detail":[{"msg":"boom"}]}'],
  ["boom, and no JSON", "boom, and no JSON"],
  ["", ""],
])("the words of %s are %j", (text, words) => {
  expect(errorIn(answer(text)).words).toBe(words);
});

test("a page, and what can't be read, are named and not quoted", () => {
  const page = "<html>no</html>";
  expect(errorIn(answer(page, { type: "text/html" })).words).toBe("a web page");
  expect(errorIn(answer(page, { type: "application/xhtml+xml" })).words).toBe("a web page");
  expect(errorIn(answer("\u001f", { encoding: "gzip" })).words).toBe(
    "in the encoding gzip, which was not asked for",
  );
});

test("code, type and parameter are those of the error, or of the body where it has no object", () => {
  const all = { type: "t", param: "p" };
  expect(errorIn(answer(JSON.stringify({ error: { code: 7, ...all } })))).toMatchObject({
    code: "7",
    ...all,
  });
  expect(errorIn(answer(JSON.stringify({ error: "x", code: "c", ...all })))).toMatchObject({
    code: "c",
    ...all,
  });
  expect(errorIn(answer("no"))).toEqual({ words: "no", code: "", type: "", param: "" });
});

test("no body makes it throw", () => {
  const body = fc.oneof(
    anyText(),
    fc.json(),
    fc.record({ error: fc.anything(), message: fc.anything() }).map((value) => {
      try {
        return JSON.stringify(value) ?? "";
      } catch {
        return "";
      }
    }),
  );
  fc.assert(fc.property(body, (text) => typeof errorIn(answer(text)).words === "string"));
});

test("what is said is masked before it is cut, and is one line", () => {
  const secrets = new Secrets();
  secrets.add("canary-0123456789");
  const words = said(`${"x".repeat(290)}\n canary-0123456789`, secrets);
  expect(words).not.toMatch(/canary|\n/);
  expect(words.length).toBeLessThanOrEqual(300);
});
