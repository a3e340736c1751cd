/** What the error with which an agent answers means for a message. */
import { asObject, getString } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import type { RpcError } from "./rpc.ts";
import { again } from "./start-outcomes.ts";
import type { Outcome } from "../backend.ts";

/** "Authentication required" and "Resource not found" (ACP, "Error", `ErrorCode`). */
const AUTH_REQUIRED = -32000;
const NOT_FOUND = -32002;

export type ErrorKind =
  /** Somebody has to log in. */
  | "login"
  /** Credit or quota is used up. */
  | "credit"
  /** The model's API asks for patience. */
  | "overloaded"
  /** What was named is not there, such as a session. */
  | "missing"
  | "other";

/**
 * What kind of error it is, by its code and by what its data says in a form that is meant for programs.
 * Its message is prose, and is not judged by.
 */
export function kindOf({ code, data }: RpcError): ErrorKind {
  if (code === AUTH_REQUIRED) return "login";
  if (code === NOT_FOUND) return "missing";
  // Gemini gives the HTTP status for a code.
  for (const found of [code, ...factsIn(data)]) {
    const kind = typeof found === "number" ? byStatus(found) : BY_WORD.get(found);
    if (kind !== undefined) return kind;
  }
  return "other";
}

/**
 * Whether the error says that the session is not there: it names it, or nothing at all. The code is one for
 * every resource, so that a file which the message names may be meant as well (ACP, "Error").
 */
export function lostSession(error: RpcError, sessionId: string): boolean {
  if (kindOf(error) !== "missing") return false;
  const uri = getString(error.data, "uri");
  if (uri !== undefined) return uri.includes(sessionId);
  return error.message.includes(sessionId) || !NAMES_SOMETHING.test(error.message);
}

/** A path, an address, or something in quotes. */
const NAMES_SOMETHING = /[:/\\"'`]/;

export interface ErrorContext {
  mask(text: string): string;
  /** How the agent offers to be logged in to. */
  loginNames: readonly string[];
  /** What was asked of it, in words: `start a session`. */
  doing: string;
  /** How far it had come with the message: not begun, asked, or using tools. */
  stage: "before" | "asked" | "acting";
}

/** The outcome of a run that met the error. The agent's words go to the operator only. */
export function outcomeOfError(error: RpcError, context: ErrorContext): Outcome {
  const words = wordsOf(error, context.mask);
  const code = error.code === 0 ? "" : ` (code ${error.code})`;
  const said = words === "" ? code : `${code}: ${words}`;
  const kind = kindOf(error);
  if (context.stage === "acting") {
    return {
      kind: "failed",
      reason: `the agent used tools, and then failed${said}`,
      told: "the agent failed in the middle of its work",
    };
  }
  switch (kind) {
    case "login":
      return {
        kind: "operator",
        reason: `the agent is not logged in${said}`,
        told: "the agent is not logged in; its operator has been told",
        hint: loginHint(context),
      };
    case "credit":
      return {
        kind: "operator",
        reason: `the agent's account has no credit left${said}`,
        told: "the agent's account can't be used now; its operator has been told",
        hint: "see to the account that the agent uses; the message waits meanwhile",
      };
    case "overloaded":
      return {
        kind: "again",
        reason: `the model's API that the agent uses asks for patience${said}`,
        told: "the agent's model is overloaded",
        overloaded: true,
      };
    case "missing":
    case "other": {
      const reason = `the agent could not ${context.doing}${said}`;
      if (context.stage === "before") {
        return again(reason);
      }
      return { kind: "failed", reason, told: "the agent could not answer this message" };
    }
  }
}

/** What the agent says of the error, for the operator: fit for a reason, and empty where it says nothing. */
export function wordsOf({ message, data }: RpcError, mask: (text: string) => string): string {
  const details = getString(data, "details");
  const all =
    details === undefined || message.includes(details) ? message : `${message} (${details})`;
  return oneLine(mask(all), 300);
}

/** What to do where the agent is not logged in. */
export function loginHint({ loginNames, mask }: Pick<ErrorContext, "loginNames" | "mask">): string {
  const names = loginNames.map((name) => oneLine(mask(name), 60)).slice(0, 8);
  const offers = names.length === 0 ? "" : ` (it offers: ${names.join(", ")})`;
  return `log in by hand: run the agent in a terminal, as the same user${offers}; an API key that it reads from a variable works too`;
}

/** The keys under which agents tell the status of a call to a model's API. */
const STATUS_KEYS: ReadonlySet<string> = new Set([
  "status",
  "statusCode",
  "status_code",
  "httpStatusCode",
  "http_status",
  "code",
]);

/** The keys under which they name the kind of an error (claude-agent-acp, codex-acp, the APIs' own). */
const WORD_KEYS: ReadonlySet<string> = new Set(["errorKind", "codexErrorInfo", "type", "kind"]);

const BY_WORD: ReadonlyMap<string, ErrorKind> = new Map([
  ["authentication_failed", "login"],
  ["oauth_org_not_allowed", "login"],
  ["authentication_error", "login"],
  ["unauthorized", "login"],
  ["billing_error", "credit"],
  ["usageLimitExceeded", "credit"],
  ["quota_exhausted", "credit"],
  ["insufficient_quota", "credit"],
  ["rate_limit", "overloaded"],
  ["rate_limit_error", "overloaded"],
  ["rateLimitExceeded", "overloaded"],
  ["overloaded", "overloaded"],
  ["overloaded_error", "overloaded"],
  ["serverOverloaded", "overloaded"],
  ["server_error", "overloaded"],
  ["internalServerError", "overloaded"],
]);

function byStatus(status: number): ErrorKind | undefined {
  if (status === 401 || status === 403) return "login";
  if (status === 402) return "credit";
  return status === 429 || (status >= 500 && status <= 599) ? "overloaded" : undefined;
}

/** Levels and members of an error's data that are looked at. */
const MAX_DEPTH = 4;
const MAX_MEMBERS = 100;

/** The statuses and words in it, nearest first. */
function factsIn(data: unknown): (number | string)[] {
  const facts: (number | string)[] = [];
  let level = [data];
  for (let depth = 0, left = MAX_MEMBERS; depth < MAX_DEPTH && level.length > 0; depth++) {
    const next: unknown[] = [];
    for (const object of level) {
      for (const [key, value] of Object.entries(asObject(object) ?? {})) {
        if (left-- <= 0) return facts;
        if (typeof value === "number" && STATUS_KEYS.has(key)) facts.push(value);
        const word = WORD_KEYS.has(key) ? getString(object, key) : undefined;
        if (word !== undefined) facts.push(word);
        next.push(value);
      }
    }
    level = next;
  }
  return facts;
}
