/** What it means how a command ended, and what it printed. */
import type { Secrets } from "../../shared/secrets.ts";
import type { Outcome } from "../backend.ts";
import type { ChildEnd } from "../process/child.ts";
import { type JsonReading, readJsonAnswer } from "../json-answer.ts";
import { type AnswerRules, outcomeOfJson, outcomeOfText } from "../json-outcome.ts";
import { maskedHead } from "../masked-head.ts";
import { STDERR_ASIDE, withStderr } from "../process/stderr-tail.ts";
import { said } from "../said.ts";

/** sysexits.h: EX_TEMPFAIL, "try again later", and EX_DATAERR, "this message is no good". */
const EXIT_AGAIN = 75;
const EXIT_FAILED = 65;

/**
 * The outcome of a command that exited; `json`: it may have printed an answer in JSON. A stdout that was
 * truncated has more than an answer may (see `masked-head.ts`). Nothing in the outcome holds a secret.
 * Never rejects.
 */
export async function judgeExit(
  end: ChildEnd & { kind: "exited" },
  json: boolean,
  rules: AnswerRules,
): Promise<Outcome> {
  const { stdout, truncated } = end;
  const { secrets } = rules;
  const printed: JsonReading = json && !truncated ? readJsonAnswer(stdout) : { kind: "plain" };
  if (end.status !== 0) return judgeFailure(end, printed, secrets);
  switch (printed.kind) {
    case "plain": {
      const masked = truncated ? maskedHead(stdout, secrets) : secrets.mask(stdout);
      return outcomeOfText(dropTrailingNewlines(masked), rules, truncated);
    }
    case "wrong":
      return {
        kind: "failed",
        reason: `the command printed an answer in JSON that can't be used: ${printed.why}`,
        told: "the agent's program gave an answer that can't be read",
      };
    case "answer":
      return outcomeOfJson(printed.answer, rules);
  }
}

function judgeFailure(
  { status, signalName, stderrTail }: ChildEnd & { kind: "exited" },
  printed: JsonReading,
  secrets: Secrets,
): Outcome {
  const told =
    status === undefined
      ? "the agent's program was ended by a signal"
      : `the agent's program exited with status ${status}`;
  const answer = printed.kind === "answer" ? printed.answer : undefined;
  const error = answer?.error === undefined ? "" : `: ${said(answer.error, secrets)}`;
  if (status === EXIT_FAILED) {
    const refused = `the command exited with status 65: it refuses this message${error}`;
    return { kind: "failed", reason: withStderr(refused, stderrTail), told };
  }
  const reason = withStderr(`${explain(status, signalName)}${error}`, stderrTail);
  const retryAfterMs = answer?.retryAfterMs;
  // Who asks for patience knows of something that passes; any other status may be the message's fault.
  const overloaded = status === EXIT_AGAIN || retryAfterMs !== undefined;
  return { kind: "again", reason, told, retryAfterMs, overloaded };
}

/** What the operator should look at. */
function explain(status: number | undefined, signalName: string | undefined): string {
  if (status === undefined) {
    return `the command was ended by ${signalName ?? "a signal"} from outside; look for a lack of memory`;
  }
  const why =
    status === EXIT_AGAIN
      ? "it asks to be run again later"
      : status === 126
        ? "the shell may not execute the program; check its mode and its first line"
        : status === 127
          ? "the shell did not find the program; check cmd and PATH"
          : status > 128 && status < 160
            ? `a program in it was ended by signal ${status - 128}`
            : STDERR_ASIDE;
  return `the command exited with status ${status}: ${why}`;
}

/** By hand: a pattern anchored at the end takes quadratic time on a megabyte of newlines. */
function dropTrailingNewlines(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === "\n" || text[end - 1] === "\r")) end--;
  return text.slice(0, end);
}
