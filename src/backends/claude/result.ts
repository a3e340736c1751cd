/** What the end of a run of `claude -p` means. */
import { get, getNumber, getString, type JsonObject } from "../../shared/json.ts";
import type { Secrets } from "../../shared/secrets.ts";
import type { Outcome } from "../backend.ts";
import type { ChildEnd } from "../process/child.ts";
import { judgeClaudeError, NO_ANSWER, SET_UP } from "./error.ts";
import type { ClaudeOutput } from "./stream.ts";
import { withStderr } from "../process/stderr-tail.ts";

export type Exited = ChildEnd & { kind: "exited" };

/**
 * The outcome of a run that exited. Judged by the fields of the output and the exit status alone: an API
 * failure has the subtype `success` and its error in `result`, and a run that was interrupted exits with
 * 0. Words of an error are never an answer; the operator reads them where nothing else says what is
 * wrong, without `secrets`. The last lines of stderr are in the reason of an exit that is not 0.
 *
 * `now` is the wall time in milliseconds since 1970. With `leftFiles` there are files for the answer,
 * which then needs no text.
 */
export function judgeClaude(
  end: Exited,
  output: ClaudeOutput,
  secrets: Secrets,
  now: number,
  leftFiles = false,
): Outcome {
  const outcome = judge(end, output, secrets, now, leftFiles);
  if (end.status === 0 || end.lingered === true || !("reason" in outcome)) return outcome;
  return { ...outcome, reason: withStderr(outcome.reason, end.stderrTail) };
}

/** US dollars that a run cost, where it said so. */
export function costOf(result: JsonObject | undefined): number | undefined {
  const cost = getNumber(result, "total_cost_usd");
  return cost === undefined || cost < 0 ? undefined : cost;
}

function judge(
  end: Exited,
  output: ClaudeOutput,
  secrets: Secrets,
  now: number,
  leftFiles: boolean,
): Outcome {
  const { result } = output;
  if (result === undefined) return withoutResult(end, output);
  const isError = get(result, "is_error");
  if (isError !== undefined && isError !== false) {
    return judgeClaudeError(result, output, secrets, now);
  }
  if (end.status !== 0 && end.lingered !== true) {
    return failed(`claude gave a result but ${exitOf(end)}`);
  }
  const text = getString(result, "result") ?? "";
  if (text.trim() === "" && !leftFiles) return failed("claude gave a result without text");
  return { kind: "answer", text };
}

function withoutResult(end: Exited, { overlong, printed }: ClaudeOutput): Outcome {
  if (end.status === 126 || end.status === 127) {
    return {
      kind: "operator",
      reason: `claude could not run: it ${exitOf(end)}`,
      told: SET_UP,
      hint: "run it by hand from the same environment; most often `node` is not on the PATH",
    };
  }
  if (overlong) return failed("claude printed an answer that is longer than is read");
  if (!printed) return failed(`claude printed nothing and ${exitOf(end)}`);
  return failed(`claude printed no result and ${exitOf(end)}`);
}

function exitOf({ status, signalName }: Exited): string {
  return status === undefined
    ? `was ended by ${signalName ?? "a signal"}`
    : `exited with status ${status}`;
}

function failed(reason: string): Outcome {
  return { kind: "failed", reason, told: NO_ANSWER };
}
