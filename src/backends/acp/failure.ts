/**
 * Failures that an agent tells beside the protocol. codex-acp ends a prompt whose model failed as if all
 * were well, and says the error for an answer, unless its client reads failures of this form.
 */
import { get, getArray, getString } from "../../shared/json.ts";
import type { RpcError } from "./rpc.ts";

/** What a client says of itself (ACP, "Extensibility") so that such failures are told to it. */
export const READS_FAILURES = {
  jetbrains: { air: { version: 1, capabilities: ["sessionFailure"] } },
};

/** The failure in the result of a prompt, in the form of an error; undefined where there is none. */
export function failureIn(result: unknown): RpcError | undefined {
  const air = get(get(get(result, "_meta"), "jetbrains"), "air");
  const failure = get(air, "sessionFailure");
  if (getString(failure, "severity") !== "error") return undefined;
  const message = getString(failure, "title") ?? "";
  return { code: 0, message, data: { errorKind: wordOf(failure) } };
}

/** Whether an update says that the agent's own system has failed; undefined where it says nothing of it. */
export function brokenIn(update: unknown): boolean | undefined {
  const status = get(get(get(update, "_meta"), "codex"), "threadStatus");
  const type = getString(status, "type");
  return type === undefined ? undefined : type === "systemError";
}

/** In the words of `errors.ts`, by what the failure proposes to do. */
function wordOf(failure: unknown): string {
  const actions = getArray(failure, "actions") ?? [];
  if (actions.includes("login")) return "unauthorized";
  if (actions.length === 1 && actions[0] === "retry") return "overloaded";
  const limit = getString(failure, "category") === "limit";
  return limit && actions.length === 0 ? "insufficient_quota" : "other";
}
