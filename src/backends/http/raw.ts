/** A message to an agent of the operator's own making: JSON out, JSON or text back. */
import type { BackendParts, BackendRequest, Outcome } from "../backend.ts";
import { callHttp, type HttpAnswer } from "../http-call.ts";
import { Limit } from "../http-limit.ts";
import { isGood, outcomeOfFailure, outcomeOfTimeout } from "./outcome.ts";
import { said } from "../said.ts";
import type { HttpSettings } from "./settings.ts";
import { readJsonAnswer, readJsonError } from "../json-answer.ts";
import { type AnswerRules, mostJsonBytes, outcomeOfJson, outcomeOfText } from "../json-outcome.ts";
import { toJsonLine } from "../json-request.ts";
import { maskedHead } from "../masked-head.ts";
import type { Standing } from "../standing.ts";

/** Text that was not written to be read. */
const NO_ANSWERS = new Set(["text/html", "text/event-stream"]);

/** Posts the message as exec's format=json writes it, and reads the answer by the same contract. */
export async function runRaw(
  settings: HttpSettings,
  parts: BackendParts,
  standing: Standing,
  request: BackendRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  const body = toJsonLine(request);
  using limit = new Limit(parts.clock, settings.timeoutMs, signal);
  const headers = {
    accept: "application/json, text/*",
    ...settings.headers,
    "content-type": "application/json",
    traceparent: request.traceparent,
  };
  const maxBytes = mostJsonBytes(settings.maxAnswer);
  const call = { method: "POST", url: settings.url, headers, body, maxBytes } as const;
  const result = await callHttp(call, limit.signal, parts);
  if (result.kind === "ended") {
    return limit.expired ? outcomeOfTimeout(settings) : { kind: "stopped" };
  }
  if (result.kind !== "answered" || !isGood(result)) {
    return outcomeOfFailure(result, settings, parts.secrets, standing);
  }
  const outcome = await judge(result, settings, rulesOf(settings, parts, request));
  if (outcome.kind === "answer" || outcome.kind === "declined") standing.good = true;
  return outcome;
}

function rulesOf(
  { maxAnswer }: HttpSettings,
  { secrets, onNote }: BackendParts,
  { answerFolder, activityId }: BackendRequest,
): AnswerRules {
  return {
    speaker: "the agent",
    maxBytes: maxAnswer,
    // What is reached over a network may name no file of this machine but those that it was given room for.
    folders: answerFolder === undefined ? undefined : { cwd: answerFolder, answerFolder },
    secrets,
    onNote: (note) => onNote(note, activityId),
  };
}

async function judge(
  { type, text, cut }: HttpAnswer,
  { shown }: HttpSettings,
  rules: AnswerRules,
): Promise<Outcome> {
  const { secrets } = rules;
  if (type === "" || (type.startsWith("text/") && !NO_ANSWERS.has(type))) {
    // Frameworks send their errors under any type.
    const error = cut ? undefined : readJsonError(text);
    if (error !== undefined) return outcomeOfJson(error, rules);
    return outcomeOfText(cut ? maskedHead(text, secrets) : secrets.mask(text), rules, cut);
  }
  if (text.trim() === "") return outcomeOfText("", rules);
  if (type !== "application/json" && !type.endsWith("+json")) {
    const what = type === "text/html" ? "a web page" : `an answer of type ${said(type, secrets)}`;
    return unreadable(`${shown} gave ${what}: it must be JSON or plain text`);
  }
  if (cut) return unreadable(`${shown} gave more JSON than fits into an answer`);
  const read = readJsonAnswer(text);
  switch (read.kind) {
    case "plain": {
      const value = valueIn(text);
      if (value === undefined) return unreadable(`${shown} gave broken JSON`);
      // A text may be written as JSON, too, and null is how "nothing" is.
      const plain = typeof value === "string" ? value : value === null ? "" : text;
      return outcomeOfText(secrets.mask(plain), rules);
    }
    case "wrong":
      return unreadable(`${shown} gave an answer that can't be used: ${read.why}`);
    case "answer":
      return outcomeOfJson(read.answer, rules);
  }
}

/** Any value of JSON; undefined where it is none. */
function valueIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreadable(reason: string): Outcome {
  return { kind: "failed", reason, told: "the agent gave an answer that can't be read" };
}
