/** Why a run of `claude -p` failed, by its result and what came before it. */
import { formatDuration } from "../../shared/duration.ts";
import { get, getArray, getNumber, getString, type JsonObject } from "../../shared/json.ts";
import type { Secrets } from "../../shared/secrets.ts";
import { oneLine } from "../../shared/text.ts";
import type { Outcome } from "../backend.ts";
import type { ClaudeOutput } from "./stream.ts";

/** What the asker hears of what only the operator can mend. */
export const SET_UP = "the agent can't answer until its operator has mended its set-up";
/** What to do where claude is not logged in. */
export const LOGIN_HINT = "run `claude` once and log in, or set ANTHROPIC_API_KEY";
/** What the asker hears of a run that came to nothing. */
export const NO_ANSWER = "the agent ended without an answer";

/** What claude asked for and was not allowed to use, each once; a model wrote the names. */
export function deniedTools(result: JsonObject | undefined, secrets: Secrets): string[] {
  const denials = getArray(result, "permission_denials") ?? [];
  const names = denials.slice(0, 100).map((one) => getString(one, "tool_name") ?? "a tool");
  return [...new Set(names.map((name) => oneLine(secrets.mask(name), 60)))].slice(0, 10);
}

/** The conversation has grown longer than the model reads, and claude could not shorten it. */
export function isTooLong(result: JsonObject | undefined): boolean {
  return getString(result, "terminal_reason") === "prompt_too_long";
}

/** The outcome of a result that is an error. Only what came before a tool was used is tried again. */
export function judgeClaudeError(
  result: JsonObject,
  output: ClaudeOutput,
  secrets: Secrets,
  now: number,
): Outcome {
  const failure: Failure = {
    // After repeated 529s the result has no status, but its last try has told one.
    status: getNumber(result, "api_error_status") ?? output.retry?.status,
    kind: output.error,
    said: oneLine(secrets.mask(getString(result, "result") ?? ""), SAID_MAX),
    idle: !output.worked && (getNumber(result, "num_turns") ?? 0) <= 1,
  };
  const limit = limitOf(result);
  if (limit !== undefined) return limit;
  if (isTooLong(result)) return failed(TOO_LONG, "the conversation is too long for the agent");
  const apiSaid =
    failure.status === undefined
      ? undefined
      : `the model's API answered claude with ${failure.status}`;
  if (!failure.idle) {
    const middle = apiSaid === undefined ? undefined : `${apiSaid} in the middle of its work`;
    return failed(withDenials(middle ?? ended(result, failure), result, secrets));
  }
  return (
    judgeKind(failure, apiSaid) ??
    judgePatience(failure, apiSaid, output, now) ??
    judgeSilent(result, failure) ??
    failed(withDenials(apiSaid ?? ended(result, failure), result, secrets))
  );
}

interface Failure {
  status: number | undefined;
  /** The program's own word: `authentication_failed`, `billing_error`, … */
  kind: string | undefined;
  /** Its own words: for the operator, never for the asker. */
  said: string;
  /** Nothing can have been done. */
  idle: boolean;
}

const SAID_MAX = 200;

const TOO_LONG = "the message and its conversation are longer than claude's model can read";

/** A limit that the operator has set. */
function limitOf(result: JsonObject): Outcome | undefined {
  switch (getString(result, "subtype")) {
    case "error_max_turns":
      return failed(
        "claude was not done after as many turns as it may take (error_max_turns, --max-turns)",
        "the agent did not finish within the steps that it may take",
      );
    case "error_max_budget_usd":
      return failed(
        "claude reached the limit of what this answer may cost (error_max_budget_usd)",
        "the agent ended without an answer: to finish would have cost more than it may",
      );
    default:
      return undefined;
  }
}

/** What only the operator can mend. */
function judgeKind({ status, kind, said }: Failure, apiSaid: string | undefined) {
  const operator = (reason: string, hint: string): Outcome => ({
    kind: "operator",
    reason,
    told: SET_UP,
    hint,
  });
  // Older versions tell an empty account by these words alone.
  const broke =
    kind === "billing_error" || (status === 400 && /^Credit balance is too/i.test(said));
  if (broke || status === 402) {
    const why = apiSaid === undefined ? "claude's account" : `${apiSaid}: its account`;
    return operator(
      `${why} is out of credit`,
      "check the account's credit, or use another account",
    );
  }
  if (kind === "authentication_failed" || kind === "oauth_org_not_allowed" || isRefusal(status)) {
    const why = apiSaid === undefined ? "claude" : `${apiSaid}: it`;
    return operator(`${why} is not logged in, or not allowed`, LOGIN_HINT);
  }
  if (kind === "model_not_found") {
    return operator(
      "the model that claude was told to use does not exist, or its account may not use it",
      "name another with --backend-opt model=…, or leave it out",
    );
  }
  return undefined;
}

function isRefusal(status: number | undefined): boolean {
  return status === 401 || status === 403;
}

/** What passes if one waits. */
function judgePatience(
  { status, kind }: Failure,
  apiSaid: string | undefined,
  { retry, resetsAt }: ClaudeOutput,
  now: number,
): Outcome | undefined {
  const busy = status === undefined ? BUSY.has(kind) : status === 429 || isServerError(status);
  if (!busy) return undefined;
  const resetMs = resetsAt === undefined ? undefined : resetsAt * 1_000 - now;
  if (resetMs !== undefined && resetMs > PATIENCE_MS && resetMs <= FARTHEST_RESET_MS) {
    return usedUp(resetMs, now);
  }
  const waitMs = resetMs !== undefined && resetMs > 0 ? resetMs : retry?.delayMs;
  return {
    kind: "again",
    reason: apiSaid ?? "the model's API asks claude for patience",
    told: "the agent's model is overloaded",
    overloaded: true,
    ...(waitMs === undefined ? {} : { retryAfterMs: Math.ceil(waitMs) }),
  };
}

/** For this long the bridge has patience with one message; with more, all have to wait. */
const PATIENCE_MS = 30 * 60_000;

/** The longest limits count by the week: what is later than this is no time that can be relied on. */
const FARTHEST_RESET_MS = 31 * 24 * 3_600_000;

/** The account has reached its limit of use, which `resetMs` from `now` is no more. */
function usedUp(resetMs: number, now: number): Outcome {
  const minutes = Math.ceil(resetMs / 60_000);
  return {
    kind: "operator",
    reason: `claude's account has used up what it may; its limit of use ends at ${localTime(now + resetMs, now)}`,
    told: `the agent has reached its limit of use, which ends in ${formatDuration(minutes * 60_000)}`,
    hint: "it goes on by itself then; or use another account, or buy more use",
    untilMs: Math.ceil(resetMs),
  };
}

/** HH:MM on the operator's clock; with the date where that is not today. */
function localTime(ms: number, now: number): string {
  const two = (part: number) => String(part).padStart(2, "0");
  const at = new Date(ms);
  const time = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (at.toDateString() === new Date(now).toDateString()) return time;
  return `${time} on ${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** A `server_error` without a status is none: the API was not reached. */
const BUSY: ReadonlySet<string | undefined> = new Set(["rate_limit", "overloaded"]);

function isServerError(status: number): boolean {
  return status >= 500 && status < 600;
}

/** It never spoke to its API, and says why in its own words. */
function judgeSilent(result: JsonObject, { status, kind, said }: Failure): Outcome | undefined {
  if (status !== undefined || kind === "invalid_request" || said === "") return undefined;
  if (getNumber(result, "num_turns") === undefined || ABOUT_THE_MESSAGE.test(said))
    return undefined;
  const spent = ["duration_api_ms", "total_cost_usd"].some((key) => (get(result, key) ?? 0) !== 0);
  if (spent) return undefined;
  if (UNREACHABLE.test(said)) {
    return {
      kind: "again",
      reason: `claude could not reach the model's API: ${said}`,
      told: "the agent's model could not be reached",
      overloaded: true,
    };
  }
  return {
    kind: "operator",
    reason: `claude would not work: ${said}`,
    told: SET_UP,
    hint: "run `claude -p hello` by hand from the same environment; to log in, run `claude` once or set ANTHROPIC_API_KEY",
  };
}

/** The words of claude and of the library that it calls its API with, and the system's codes. */
const UNREACHABLE =
  /^API Error: (Unable to connect|Connection error|Request timed out)|\b(Connection(Refused|Reset|Closed|TimedOut)|FailedToOpenSocket|E(CONN(REFUSED|RESET|ABORTED)|NOTFOUND|AI_(AGAIN|FAIL)|TIMEDOUT|(HOST|NET)UNREACH|PIPE))\b/;

/** What a stranger's message alone can bring about, which must not halt the others. */
const ABOUT_THE_MESSAGE = /^(API Error: )?(Prompt is too long|Unknown (slash )?(command|skill))/i;

/** With a word of the program's own, if it is nothing more than that. */
function ended(result: JsonObject, { kind }: Failure): string {
  const words = [getString(result, "subtype"), kind].filter((word) => word !== "success");
  const word = words.find((one) => one !== undefined && /^[a-z_]{1,60}$/.test(one));
  return word === undefined ? "claude ended with an error" : `claude ended with an error (${word})`;
}

function withDenials(reason: string, result: JsonObject, secrets: Secrets): string {
  const denied = deniedTools(result, secrets);
  return denied.length === 0 ? reason : `${reason}; it was not allowed to use ${denied.join(", ")}`;
}

function failed(reason: string, told = NO_ANSWER): Outcome {
  return { kind: "failed", reason, told };
}
