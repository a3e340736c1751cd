import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Outcome } from "../../../../src/backends/backend.ts";
import { judgeClaude } from "../../../../src/backends/claude/result.ts";
import { ClaudeStream } from "../../../../src/backends/claude/stream.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";
import { anyText } from "../support.ts";

setDefaultTimeout(60_000);

const secrets = new Secrets();
secrets.add("canary-0123456789");

const NOW = Date.UTC(2026, 0, 1);

/** A status of null stands for a signal. */
function judge(
  stdout: string,
  status: number | null = 0,
  stderrTail = "",
  lingered = false,
): Outcome {
  const stream = new ClaudeStream({}, (text) => text);
  if (stdout !== "") stream.add(new TextEncoder().encode(stdout));
  stream.end();
  return judgeClaude(
    {
      kind: "exited",
      status: status ?? undefined,
      signalName: status === null ? "SIGKILL" : undefined,
      stdout: "",
      truncated: false,
      lingered,
      stderrTail,
      ms: 1,
    },
    stream,
    secrets,
    NOW,
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
const line = (more: object) => `${JSON.stringify(more)}\n`;
/** What comes before the result of a turn that failed: the program's own words in the model's place. */
const failedTurn = (error: string, retry?: object) =>
  (retry === undefined ? "" : line({ type: "system", subtype: "api_retry", ...retry })) +
  line({ type: "assistant", message: { model: "<synthetic>", content: [] }, error });
const used = line({
  type: "assistant",
  message: { model: "m", content: [{ type: "tool_use", name: "Bash" }] },
});
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
  ["529 after a tool was used", used + apiError(529), 1, "failed"],
  [
    "an interrupted turn, exit 0",
    result({ subtype: "error_during_execution", is_error: true }),
    0,
    "failed",
  ],
  ["a result that is cut", result({ is_error: false, result: "half" }).slice(0, -3), 0, "failed"],
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
    overloaded: true,
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
    const outcome = judge(stdout, status, "it broke") as { reason: string; told: string };
    expect(outcome.reason).toEndWith("; see what it wrote to stderr: it broke");
    expect(outcome.told).not.toContain("broke");
  }
  expect(JSON.stringify(judge("", 0, "it broke"))).not.toContain("broke");
});

test("claude's own word for an error is passed on, other text is not", () => {
  const error = (subtype: string) => judge(result({ subtype, is_error: true }), 1);
  expect(error("error_during_execution")).toMatchObject({
    reason: "claude ended with an error (error_during_execution)",
  });
  expect(error("error see /home")).toMatchObject({ reason: "claude ended with an error" });
});

test("repeated 529s, whose result has no status, are told by the last try", () => {
  const retry = { error_status: 529, error: "overloaded", retry_delay_ms: 1049.2 };
  const text = "API Error: Repeated 529 Overloaded errors. The API is at capacity";
  expect(judge(failedTurn("server_error", retry) + idle(text), 1)).toEqual({
    kind: "again",
    reason: "the model's API answered claude with 529",
    told: "the agent's model is overloaded",
    overloaded: true,
    retryAfterMs: 1050,
  });
  const worked = used + failedTurn("server_error", retry) + idle(text, { num_turns: 2 });
  expect(judge(worked, 1)).toMatchObject({
    kind: "failed",
    reason: "the model's API answered claude with 529 in the middle of its work",
  });
});

test("a try again that went well says nothing about a later failure", () => {
  const retry = line({ type: "system", subtype: "api_retry", error_status: 529 });
  const said = line({ type: "assistant", message: { model: "m", content: [] } });
  const stdout = retry + said + failedTurn("unknown") + idle("Something else");
  expect(judge(stdout, 1).kind).toBe("operator");
});

test("a limit of use that is reached is waited for until its end", () => {
  const event = (status: string) =>
    line({ type: "rate_limit_event", rate_limit_info: { status, resetsAt: NOW / 1_000 + 600 } });
  const refused = failedTurn("rate_limit", { error_status: 429, retry_delay_ms: 500 });
  const limited = apiError(429, { result: "You've hit your limit" });
  expect(judge(event("rejected") + refused + limited, 1)).toMatchObject({ retryAfterMs: 600_000 });
  const allowed = event("rejected") + event("allowed_warning") + refused + limited;
  expect(judge(allowed, 1)).toMatchObject({ retryAfterMs: 500 });
});

describe("a limit of use that ends more than half an hour from now", () => {
  const HOUR = 3_600_000;
  const at = (ms: number) => {
    const info = { status: "rejected", resetsAt: (NOW + ms) / 1_000 };
    return judge(
      line({ type: "rate_limit_event", rate_limit_info: info }) +
        failedTurn("rate_limit", { error_status: 429, retry_delay_ms: 500 }) +
        apiError(429, { result: "You've hit your limit" }),
      1,
    );
  };
  const clock = (ms: number) => {
    const date = new Date(NOW + ms);
    return [date.getHours(), date.getMinutes()].map((n) => String(n).padStart(2, "0")).join(":");
  };

  test("is waited for by all, who are told, and says when that is", () => {
    const outcome = at(0.75 * HOUR + 5_000);
    expect(outcome).toMatchObject({
      kind: "operator",
      untilMs: 0.75 * HOUR + 5_000,
      told: "the agent has reached its limit of use, which ends in 46 min",
      reason: expect.stringContaining(`its limit of use ends at ${clock(0.75 * HOUR)}`),
    });
  });

  test("says the day, where it is another", () => {
    const day = new Date(NOW + 50 * HOUR).getDate();
    expect(at(50 * HOUR)).toMatchObject({
      reason: expect.stringMatching(
        new RegExp(`${clock(50 * HOUR)} on 2026-01-${String(day).padStart(2, "0")}$`),
      ),
    });
  });

  test("is no such limit where it is nearer, or further than any", () => {
    expect(at(0.5 * HOUR)).toMatchObject({ kind: "again", retryAfterMs: 0.5 * HOUR });
    expect(at(0.5 * HOUR + 1_000).kind).toBe("operator");
    for (const far of [800 * HOUR, 8e15, 1e300]) expect(at(far).kind).toBe("again");
  });
});

test.each([
  ["by its word", failedTurn("billing_error") + apiError(400, { result: "x" })],
  ["by its words", apiError(400, { result: "Credit balance is too low" })],
  ["by its status", apiError(402)],
])("an account without credit is the operator's matter: %s", (_, stdout) => {
  expect(judge(stdout, 1)).toEqual({
    kind: "operator",
    reason: expect.stringContaining("its account is out of credit"),
    told: "the agent can't answer until its operator has mended its set-up",
    hint: "check the account's credit, or use another account",
  });
});

test("a model that is not there is the operator's matter", () => {
  const stdout = failedTurn("model_not_found") + apiError(404, { result: "There's an issue" });
  expect(judge(stdout, 1)).toMatchObject({
    kind: "operator",
    hint: "name another with --backend-opt model=…, or leave it out",
  });
});

test("limits that the operator set have words of their own, for him and for the asker", () => {
  const [turns, budget] = ["error_max_turns", "error_max_budget_usd"].map((subtype) =>
    judge(used + result({ subtype, is_error: true, num_turns: 3 }), 1),
  );
  expect(turns).toEqual({
    kind: "failed",
    reason: "claude was not done after as many turns as it may take (error_max_turns, --max-turns)",
    told: "the agent did not finish within the steps that it may take",
  });
  expect(budget).toEqual({
    kind: "failed",
    reason: "claude reached the limit of what this answer may cost (error_max_budget_usd)",
    told: "the agent ended without an answer: to finish would have cost more than it may",
  });
});

test("what it was not allowed to use is in the reason of a failure, without secrets", () => {
  const permission_denials = [
    { tool_name: "Bash" },
    { tool_name: "Bash" },
    { tool_name: "canary-0123456789\u001b[31m" },
  ];
  const subtype = "error_during_execution";
  const stdout = used + result({ subtype, is_error: true, num_turns: 3, permission_denials });
  expect(judge(stdout, 1)).toMatchObject({
    reason:
      "claude ended with an error (error_during_execution); it was not allowed to use Bash, [secret]\\u001b[31m",
  });
});

test("how it exited says nothing once it had to be ended after its result", () => {
  const stdout = result({ is_error: false, result: "hi" });
  expect(judge(stdout, null, "", true)).toEqual({ kind: "answer", text: "hi" });
  expect(judge(apiError(429), null, "tail", true)).toMatchObject({
    kind: "again",
    reason: "the model's API answered claude with 429",
  });
});

test("an answer that is too long to be read is told as that", () => {
  const stdout = result({ is_error: false, result: "x".repeat(9 << 20) });
  expect(judge(stdout)).toMatchObject({
    kind: "failed",
    reason: "claude printed an answer that is longer than is read",
  });
});

test("the last result counts, among noise", () => {
  const [first, last] = [result({ result: "first" }), result({ result: "last" })];
  const init = '{"type":"system","subtype":"init"}';
  for (const stdout of [
    last,
    `\n${last}\n\n`,
    `${init}\n${first}\n${last}\n`,
    `warning: {"type"\r\n${first}\r\n[1]\r\n${last}\r\n${init}\r\nbye\r\n`,
  ]) {
    expect(judge(stdout)).toMatchObject({ text: "last" });
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
