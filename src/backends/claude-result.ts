/** The result that `claude -p --output-format json` prints, and what it means. */
import { get, getNumber, getString, type JsonObject, asObject, parseJson } from "../shared/json.ts";
import type { Outcome } from "./backend.ts";
import type { ChildEnd } from "./child.ts";

const SET_UP = "the agent can't answer until its operator has mended its set-up";
const NO_ANSWER = "the agent ended without an answer";

/**
 * The outcome of a run that exited. Judged by the result's fields and the exit status alone: an API
 * failure has the subtype `success` and its error in `result`, and a run that was interrupted exits
 * with 0 and prints nothing. Words of an error are never an answer.
 */
export function judgeClaude(end: ChildEnd & { kind: "exited" }): Outcome {
  const result = findResult(end.stdout);
  if (result === undefined) return withoutResult(end);
  if (get(result, "is_error") !== undefined && get(result, "is_error") !== false) {
    return judgeError(result);
  }
  if (end.status !== 0) return failed(`claude gave a result but ${exitOf(end)}`);
  const text = getString(result, "result");
  if (text === undefined || text.trim() === "") return failed("claude gave a result without text");
  return { kind: "answer", text };
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

function judgeError(result: JsonObject): Outcome {
  const status = getNumber(result, "api_error_status");
  // A word of the program's own (`error_max_turns`), if it is nothing more than that.
  const subtype = getString(result, "subtype") ?? "";
  const word = /^error_[a-z_]{1,60}$/.test(subtype) ? ` (${subtype})` : "";
  if (status === undefined) return failed(`claude ended with an error${word}`);
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
