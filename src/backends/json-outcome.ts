/**
 * What an answer of the operator's own making means, in text or as a JSON object (README, "A program of
 * yours"): the same from a program and from a server.
 */
import type { Secrets } from "../shared/secrets.ts";
import { admitFiles, hasFiles, type AnswerFolders } from "./answer-files.ts";
import type { Outcome } from "./backend.ts";
import { cutText } from "./cut-text.ts";
import type { JsonAnswer } from "./json-answer.ts";
import { said } from "./said.ts";

/** Who answers, as the operator reads it. */
export type Speaker = keyof typeof VOICES;

/** What an answer may be, and who gave it. */
export interface AnswerRules {
  speaker: Speaker;
  /** Of text, in UTF-8. */
  maxBytes: number;
  /** Where the files may lie that it names; undefined where none can go with it. */
  folders: AnswerFolders | undefined;
  secrets: Secrets;
  /** Is told which of its files were left out, and why. */
  onNote(text: string): void;
}

/** Bytes of JSON in which a text of so many bytes has room: a letter of two may be written as `\u00e9`. */
export function mostJsonBytes(maxBytes: number): number {
  return maxBytes * 3 + 64 * 1024;
}

/**
 * The outcome of an answer in plain text, which is masked already; `cut`: there was more of it. Without
 * a word it is one where files were left for it, and a choice to say nothing otherwise. Never rejects.
 */
export async function outcomeOfText(
  text: string,
  rules: AnswerRules,
  cut = false,
): Promise<Outcome> {
  const { silent, more } = VOICES[rules.speaker];
  if (text.trim() !== "") {
    return { kind: "answer", text: cutText(text, rules.maxBytes, more, cut) };
  }
  if (await hasFiles(rules.folders?.answerFolder)) return { kind: "answer", text: "" };
  return { kind: "declined", reason: `${rules.speaker} ${silent}` };
}

/**
 * The outcome of an answer in JSON, with those of its files that may leave the machine. Nothing in it
 * holds a secret. Never rejects.
 */
export async function outcomeOfJson(answer: JsonAnswer, rules: AnswerRules): Promise<Outcome> {
  const { text = "", files: named, declined, error, retryAfterMs } = answer;
  const { speaker, secrets } = rules;
  const { toldAs, later } = VOICES[speaker];
  if (error !== undefined) {
    const reason = `${speaker} reports an error: ${said(error, secrets)}`;
    const told = `${toldAs} reported an error`;
    if (retryAfterMs === undefined) return { kind: "failed", reason, told };
    return { kind: "again", reason, told, retryAfterMs, overloaded: true };
  }
  if (declined !== undefined) {
    const why = declined === true ? "" : `: ${said(declined, secrets)}`;
    return { kind: "declined", reason: `${speaker} chose to say nothing${why}` };
  }
  const { files, note } = await admit(named, rules);
  if (note !== undefined) rules.onNote(note);
  if (files.length > 0) {
    const { more } = VOICES[speaker];
    return { kind: "answer", text: cutText(secrets.mask(text), rules.maxBytes, more), files };
  }
  const outcome = await outcomeOfText(secrets.mask(text), rules);
  if (outcome.kind !== "declined") return outcome;
  if (note !== undefined) {
    return {
      kind: "failed",
      reason: `${speaker} answered with nothing but files that may not be sent; ${note}`,
      told: `${toldAs} answered with files that can't be sent`,
    };
  }
  if (retryAfterMs === undefined) return outcome;
  const reason = `${speaker} asks ${later}`;
  const told = `${toldAs} asks for more time`;
  return { kind: "again", reason, told, retryAfterMs, overloaded: true };
}

/** What differs between the two in words. */
const VOICES = {
  "the command": {
    toldAs: "the agent's program",
    silent: "ended well and printed no answer",
    later: "to be run again later",
    more: "the command wrote more than",
  },
  "the agent": {
    toldAs: "the agent",
    silent: "answered with nothing",
    later: "to be given the message again later",
    more: "the agent's answer is longer than",
  },
} as const;

async function admit(named: JsonAnswer["files"], { folders, secrets }: AnswerRules) {
  if (folders !== undefined) return admitFiles(named, folders, secrets);
  const note = named.length > 0 ? "files can't go with this answer" : undefined;
  return { files: [], note };
}
