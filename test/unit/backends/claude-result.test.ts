import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Outcome } from "../../../src/backends/backend.ts";
import { findResult, judgeClaude } from "../../../src/backends/claude-result.ts";
import { anyText } from "./support.ts";

setDefaultTimeout(60_000);

/** A status of null stands for a signal. */
function judge(stdout: string, status: number | null = 0, truncated = false): Outcome {
  return judgeClaude({
    kind: "exited",
    status: status ?? undefined,
    signalName: status === null ? "SIGKILL" : undefined,
    stdout,
    truncated,
    ms: 1,
  });
}

const result = (more: object) => JSON.stringify({ type: "result", subtype: "success", ...more });
const PROSE = "Invalid API key · Please run /login";
const apiError = (status: number, more: object = {}) =>
  result({ is_error: true, api_error_status: status, result: PROSE, num_turns: 1, ...more });

test("a result without error is the answer, as it is", () => {
  expect(judge(result({ is_error: false, result: " hi\n" }))).toEqual({
    kind: "answer",
    text: " hi\n",
  });
});

test.each<[string, string, number | null, Outcome["kind"]]>([
  ["401", apiError(401), 1, "operator"],
  ["403", apiError(403), 1, "operator"],
  ["402", apiError(402), 1, "operator"],
  ["429", apiError(429), 1, "again"],
  ["500", apiError(500), 1, "again"],
  ["529", apiError(529), 1, "again"],
  ["529 with exit status 0", apiError(529), 0, "again"],
  ["400", apiError(400), 1, "failed"],
  ["529 in the middle of its work", apiError(529, { num_turns: 4 }), 1, "failed"],
  ["an error without status", result({ is_error: true, result: PROSE }), 1, "failed"],
  ["an error that is no boolean", result({ is_error: "yes", result: PROSE }), 0, "failed"],
  ["exit 0 and nothing printed", "", 0, "failed"],
  ["exit 0 and a newline printed", "\n", 0, "failed"],
  ["prose", PROSE, 0, "failed"],
  ["JSON without a result", '{"type":"system","result":"no"}', 0, "failed"],
  ["a result without text", result({ is_error: false }), 0, "failed"],
  ["a result of blanks", result({ is_error: false, result: " \n" }), 0, "failed"],
  ["a result that is no text", result({ is_error: false, result: { a: 1 } }), 0, "failed"],
  ["a good result, exit 1", result({ is_error: false, result: "hi" }), 1, "failed"],
  ["a good result, killed", result({ is_error: false, result: "hi" }), null, "failed"],
  ["killed", "", null, "failed"],
  ["exit 1 and nothing printed", "", 1, "failed"],
  ["exit 127: its interpreter is missing", "", 127, "operator"],
  ["exit 126", "", 126, "operator"],
])("%s", (_, stdout, status, kind) => {
  const outcome = judge(stdout, status);
  expect(outcome.kind).toBe(kind);
  expect(JSON.stringify(outcome)).not.toContain("Please run");
});

test("who is not logged in is told how to", () => {
  expect(judge(apiError(401), 1)).toMatchObject({
    reason: expect.stringContaining("401"),
    hint: "run `claude` once and log in, or set ANTHROPIC_API_KEY",
  });
});

test("claude's own word for an error is passed on, other text is not", () => {
  const error = (subtype: string) => judge(result({ subtype, is_error: true }), 1);
  expect(error("error_max_turns")).toMatchObject({
    reason: "claude ended with an error (error_max_turns)",
  });
  expect(error("error see /home")).toMatchObject({ reason: "claude ended with an error" });
});

test("a cut output is no answer", () => {
  expect(judge('{"type":"result","result":"', 0, true)).toMatchObject({
    kind: "failed",
    reason: "claude printed more than is read of it",
  });
});

test("the last result counts, in lines, among noise, and in a list", () => {
  const [first, last] = [result({ result: "first" }), result({ result: "last" })];
  const init = '{"type":"system","subtype":"init"}';
  for (const stdout of [
    last,
    `\n${last}\n\n`,
    `${init}\n${first}\n${last}\n`,
    `warning: {"type"\r\n${first}\r\n${last}\r\n${init}\r\nbye\r\n`,
    `[${init},${first},${last}]`,
    JSON.stringify([init, JSON.parse(last)], null, 2),
    JSON.stringify(JSON.parse(last), null, 2),
  ]) {
    expect(findResult(stdout)).toMatchObject({ result: "last" });
  }
});

test("an answer may hold any words", () => {
  const text = '"__proto__": {"type":"result"}\n{"is_error":true}';
  expect(judge(JSON.stringify({ type: "result", is_error: false, result: text }))).toEqual({
    kind: "answer",
    text,
  });
});

test("no output makes it throw", () => {
  const piece = fc.oneof(
    anyText(),
    fc.json(),
    fc.constantFrom("\n", "[", "{", apiError(429), result({ result: 1 }), "[".repeat(100_000)),
  );
  fc.assert(
    fc.property(fc.array(piece), fc.option(fc.nat(255)), (pieces, status) => {
      const outcome = judge(pieces.join(""), status);
      if (outcome.kind === "answer") expect(status).toBe(0);
    }),
  );
});
