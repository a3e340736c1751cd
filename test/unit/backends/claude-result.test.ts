import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Outcome } from "../../../src/backends/backend.ts";
import { findResult, judgeClaude } from "../../../src/backends/claude-result.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { anyText } from "./support.ts";

setDefaultTimeout(60_000);

const secrets = new Secrets();
secrets.add("canary-0123456789");

/** A status of null stands for a signal. */
function judge(
  stdout: string,
  status: number | null = 0,
  truncated = false,
  stderrTail = "",
): Outcome {
  return judgeClaude(
    {
      kind: "exited",
      status: status ?? undefined,
      signalName: status === null ? "SIGKILL" : undefined,
      stdout,
      truncated,
      stderrTail,
      ms: 1,
    },
    secrets,
  );
}

/** What Claude Code 2.1.197 prints when it did nothing at all. */
const idle = (text: string, more: object = {}) =>
  result({
    is_error: true,
    api_error_status: null,
    duration_api_ms: 0,
    num_turns: 1,
    result: text,
    total_cost_usd: 0,
    ...more,
  });
const LOGGED_OUT = "Not logged in · Please run /login";
const REFUSED = "API Error: Unable to connect to API (ConnectionRefused)";

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

test("not logged in, of which the API never heard, is the operator's matter, in claude's words", () => {
  expect(judge(idle(LOGGED_OUT), 1)).toEqual({
    kind: "operator",
    reason: `claude would not work: ${LOGGED_OUT}`,
    told: "the agent can't answer until its operator has mended its set-up",
    hint: expect.stringContaining("log in"),
  });
});

test.each([
  REFUSED,
  "API Error: Connection error.",
  "API Error: Request timed out.",
  "connect ECONNREFUSED 127.0.0.1:443",
  "getaddrinfo EAI_AGAIN api.anthropic.com",
  "request failed (FailedToOpenSocket)",
])("an API that can't be reached is tried again: %s", (text) => {
  expect(judge(idle(text), 1)).toEqual({
    kind: "again",
    reason: `claude could not reach the model's API: ${text}`,
    told: "the agent's model could not be reached",
  });
});

test("time and costs that are not told are none, but the turns must be told", () => {
  const bare = { duration_api_ms: undefined, total_cost_usd: undefined };
  expect(judge(idle(LOGGED_OUT, bare), 1).kind).toBe("operator");
  expect(judge(idle(LOGGED_OUT, { num_turns: undefined }), 1).kind).toBe("failed");
});

test.each<[string, object]>([
  ["spoke to its API", { duration_api_ms: 12 }],
  ["cost something", { total_cost_usd: 0.001 }],
  ["took a second turn", { num_turns: 2 }],
  ["gives a time that is no number", { duration_api_ms: "12" }],
])("what %s may have done something: failed, whatever it says", (_, more) => {
  for (const text of [LOGGED_OUT, REFUSED]) {
    const outcome = judge(idle(text, more), 1);
    expect(outcome).toMatchObject({ kind: "failed", reason: "claude ended with an error" });
  }
});

test.each(["Prompt is too long", "Unknown skill: x", "Unknown slash command: x"])(
  "an error that a stranger's message alone brings about does not halt the others: %s",
  (text) => {
    expect(judge(idle(text), 1).kind).toBe("failed");
  },
);

test("claude's words are one short line without secrets", () => {
  const outcome = judge(idle(`a\n\u001b[31m canary-0123456789 ${"x".repeat(500)}`), 1);
  const { reason } = outcome as { reason: string };
  expect(reason).toStartWith("claude would not work: a \\u001b[31m [secret] xxx");
  expect(reason.length).toBeLessThan(250);
  const cut = judge(idle(`${"x".repeat(190)} canary-0123456789`), 1);
  expect(JSON.stringify(cut)).not.toContain("canary");
});

test("the end of stderr is in the reason of an exit that is not 0, and the asker does not hear it", () => {
  for (const [stdout, status] of [
    ["", 1],
    ["", 127],
    ["", null],
    [apiError(529), 1],
  ] as const) {
    const outcome = judge(stdout, status, false, "it broke") as { reason: string; told: string };
    expect(outcome.reason).toEndWith("; see what it wrote to stderr: it broke");
    expect(outcome.told).not.toContain("broke");
  }
  expect(JSON.stringify(judge("", 0, false, "it broke"))).not.toContain("broke");
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
