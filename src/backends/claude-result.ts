/** The result that `claude -p --output-format json` prints, and what it means. */
import { get, getNumber, getString, type JsonObject, asObject, parseJson } from "../shared/json.ts";
import type { Secrets } from "../shared/secrets.ts";
import { oneLine } from "../shared/text.ts";
import type { Outcome } from "./backend.ts";
import type { ChildEnd } from "./child.ts";
import { withStderr } from "./stderr-tail.ts";

const SET_UP = "the agent can't answer until its operator has mended its set-up";
const NO_ANSWER = "the agent ended without an answer";

/**
 * The outcome of a run that exited. Judged by the result's fields and the exit status alone: an API
 * failure has the subtype `success` and its error in `result`, and a run that was interrupted exits
 * with 0 and prints nothing. Words of an error are never an answer; the operator reads them where
 * nothing else says what is wrong, without `secrets`. The last lines of stderr are in the reason of
 * an exit that is not 0.
 */
export function judgeClaude(end: ChildEnd & { kind: "exited" }, secrets: Secrets): Outcome {
  const outcome = judge(end, secrets);
  if (end.status === 0 || !("reason" in outcome)) return outcome;
  return { ...outcome, reason: withStderr(outcome.reason, end.stderrTail) };
}

/** The last object of type `result`, be it the whole output, in a list, or on a line of its own. */
export function findResult(stdout: string): JsonObject | undefined {
  const whole = parsed(stdout);
  if (whole !== undefined) return lastResult(Array.isArray(whole) ? whole : [whole]);
  for (let end = stdout.length; end > 0;) {
    const start = stdout.lastIndexOf("\n", end - 1) + 1;
    const found = lastResult([parsed(stdout.slice(start, end))]);
    if (found !== undefined) return found;
    end = start - 1;
  }
  return undefined;
}

function judge(end: ChildEnd & { kind: "exited" }, secrets: Secrets): Outcome {
  const result = findResult(end.stdout);
  if (result === undefined) return withoutResult(end);
  if (get(result, "is_error") !== undefined && get(result, "is_error") !== false) {
    return judgeError(result, secrets);
  }
  if (end.status !== 0) return failed(`claude gave a result but ${exitOf(end)}`);
  const text = getString(result, "result");
  if (text === undefined || text.trim() === "") return failed("claude gave a result without text");
  return { kind: "answer", text };
}

function parsed(text: string): JsonObject | unknown[] | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function lastResult(candidates: unknown[]): JsonObject | undefined {
  return asObject(candidates.findLast((one) => get(one, "type") === "result"));
}

function judgeError(result: JsonObject, secrets: Secrets): Outcome {
  const status = getNumber(result, "api_error_status");
  // A word of the program's own (`error_max_turns`), if it is nothing more than that.
  const subtype = getString(result, "subtype") ?? "";
  const word = /^error_[a-z_]{1,60}$/.test(subtype) ? ` (${subtype})` : "";
  if (status === undefined) {
    const said = oneLine(secrets.mask(getString(result, "result") ?? ""), SAID_MAX);
    const idle = didNothing(result) && said !== "" && !ABOUT_THE_MESSAGE.test(said);
    return idle ? judgeIdle(said) : failed(`claude ended with an error${word}`);
  }
  const said = `the model's API answered claude with ${status}`;
  // Past the first turn it may have used tools, and would use them again.
  if ((getNumber(result, "num_turns") ?? 0) > 1) return failed(`${said} in the middle of its work`);
  if (status === 401 || status === 403) {
    return {
      kind: "operator",
      reason: `${said}: it is not logged in, or not allowed`,
      told: SET_UP,
      hint: "run `claude` once and log in, or set ANTHROPIC_API_KEY",
    };
  }
  if (status === 402) {
    return { kind: "operator", reason: said, told: SET_UP, hint: "check the account's credit" };
  }
  if (status === 429 || (status >= 500 && status < 600)) {
    return { kind: "again", reason: said, told: "the agent's model is overloaded" };
  }
  return failed(`${said}${word}`);
}

/** It never spoke to its API, so it can't have used a tool either. */
function didNothing(result: JsonObject): boolean {
  const turns = getNumber(result, "num_turns");
  if (turns === undefined || turns > 1) return false;
  return ["duration_api_ms", "total_cost_usd"].every((key) => (get(result, key) ?? 0) === 0);
}

/** `said` is claude's own words: for the operator, never for the asker. */
function judgeIdle(said: string): Outcome {
  if (UNREACHABLE.test(said)) {
    const reason = `claude could not reach the model's API: ${said}`;
    return { kind: "again", reason, told: "the agent's model could not be reached" };
  }
  return {
    kind: "operator",
    reason: `claude would not work: ${said}`,
    told: SET_UP,
    hint: "run `claude -p hello` by hand from the same environment; to log in, run `claude` once or set ANTHROPIC_API_KEY",
  };
}

const SAID_MAX = 200;

/** The words of claude and of the library that it calls its API with, and the system's codes. */
const UNREACHABLE =
  /^API Error: (Unable to connect|Connection error|Request timed out)|\b(Connection(Refused|Reset|Closed|TimedOut)|FailedToOpenSocket|E(CONN(REFUSED|RESET|ABORTED)|NOTFOUND|AI_(AGAIN|FAIL)|TIMEDOUT|(HOST|NET)UNREACH|PIPE))\b/;

/** What a stranger's message alone can bring about, which must not halt the others. */
const ABOUT_THE_MESSAGE = /^(API Error: )?(Prompt is too long|Unknown (slash )?(command|skill))/i;

function withoutResult(end: ChildEnd & { kind: "exited" }): Outcome {
  if (end.status === 126 || end.status === 127) {
    return {
      kind: "operator",
      reason: `claude could not run: it ${exitOf(end)}`,
      told: SET_UP,
      hint: "run it by hand from the same environment; most often `node` is not on the PATH",
    };
  }
  if (end.truncated) return failed("claude printed more than is read of it");
  if (end.stdout.trim() === "") return failed(`claude printed nothing and ${exitOf(end)}`);
  return failed(`claude printed no JSON result and ${exitOf(end)}`);
}

function exitOf({ status, signalName }: ChildEnd & { kind: "exited" }): string {
  return status === undefined
    ? `was ended by ${signalName ?? "a signal"}`
    : `exited with status ${status}`;
}

function failed(reason: string): Outcome {
  return { kind: "failed", reason, told: NO_ANSWER };
}
