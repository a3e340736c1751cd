/** What it means how a command ended, and what it printed. */
import type { Secrets } from "../../shared/secrets.ts";
import { clipBytes, oneLine } from "../../shared/text.ts";
import type { Outcome } from "../backend.ts";
import type { ChildEnd } from "../process/child.ts";
import { type JsonAnswer, type JsonReading, readJsonAnswer } from "../json-answer.ts";
import { maskedHead } from "../masked-head.ts";
import { STDERR_ASIDE, withStderr } from "../process/stderr-tail.ts";

/** sysexits.h: EX_TEMPFAIL, "try again later", and EX_DATAERR, "this message is no good". */
const EXIT_AGAIN = 75;
const EXIT_FAILED = 65;

/** Characters of the program's own words in a reason. */
const SAID_MAX = 300;

export interface ExitRules {
  /** Whether it may print an answer in JSON. */
  json: boolean;
  /** Bytes of text that an answer may have; a truncated stdout has more (see `masked-head.ts`). */
  maxOutput: number;
  /** Whether it left files that go with the answer, which then needs no text. */
  leftFiles: boolean;
}

/**
 * The outcome of a command that exited. The files of an answer are as it named them: whether they may
 * go with it is yet to be seen (see `answer-files.ts`). Nothing in it holds a secret.
 */
export function judgeExit(
  end: ChildEnd & { kind: "exited" },
  rules: ExitRules,
  secrets: Secrets,
): Outcome {
  const printed: JsonReading =
    rules.json && !end.truncated ? readJsonAnswer(end.stdout) : { kind: "plain" };
  const mask = (text: string) => secrets.mask(text);
  if (end.status !== 0) return judgeFailure(end, printed, mask);
  switch (printed.kind) {
    case "plain":
      return judgeText(
        dropTrailingNewlines(end.truncated ? maskedHead(end.stdout, secrets) : mask(end.stdout)),
        end.truncated,
        rules,
      );
    case "wrong":
      return {
        kind: "failed",
        reason: `the command printed an answer in JSON that can't be used: ${printed.why}`,
        told: "the agent's program gave an answer that can't be read",
      };
    case "answer":
      return judgeAnswer(printed.answer, rules, mask);
  }
}

type Mask = (text: string) => string;

/** The text is masked already: in what is cut before, half of a secret would not be known. */
function judgeText(text: string, truncated: boolean, rules: ExitRules): Outcome {
  const { maxOutput, leftFiles } = rules;
  if (text.trim() === "") {
    if (leftFiles) return { kind: "answer", text: "" };
    return { kind: "declined", reason: "the command ended well and printed no answer" };
  }
  const kept = clipBytes(text, maxOutput);
  const cut = truncated || kept.length < text.length;
  const note = `\n\n[cut: the command wrote more than ${maxOutput} bytes]`;
  return { kind: "answer", text: kept + (cut ? note : "") };
}

function judgeAnswer(answer: JsonAnswer, rules: ExitRules, mask: Mask): Outcome {
  const { text = "", files, declined, error, retryAfterMs } = answer;
  if (error !== undefined) {
    const reason = `the command reports an error: ${said(error, mask)}`;
    const told = "the agent's program reported an error";
    if (retryAfterMs === undefined) return { kind: "failed", reason, told };
    return { kind: "again", reason, told, retryAfterMs, overloaded: true };
  }
  if (declined !== undefined) {
    const why = declined === true ? "" : `: ${said(declined, mask)}`;
    return { kind: "declined", reason: `the command chose to say nothing${why}` };
  }
  if (files.length > 0) {
    const outcome = judgeText(mask(text), false, { ...rules, leftFiles: true });
    return outcome.kind === "answer" ? { ...outcome, files } : outcome;
  }
  if (text.trim() === "" && !rules.leftFiles && retryAfterMs !== undefined) {
    return {
      kind: "again",
      reason: "the command asks to be run again later",
      told: "the agent's program asks for more time",
      retryAfterMs,
      overloaded: true,
    };
  }
  return judgeText(mask(text), false, rules);
}

function judgeFailure(
  { status, signalName, stderrTail }: ChildEnd & { kind: "exited" },
  printed: JsonReading,
  mask: Mask,
): Outcome {
  const told =
    status === undefined
      ? "the agent's program was ended by a signal"
      : `the agent's program exited with status ${status}`;
  const answer = printed.kind === "answer" ? printed.answer : undefined;
  const error = answer?.error === undefined ? "" : `: ${said(answer.error, mask)}`;
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

function said(words: string, mask: Mask): string {
  return oneLine(mask(words), SAID_MAX);
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
