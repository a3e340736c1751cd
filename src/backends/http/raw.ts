/** A message to an agent of the operator's own making: JSON out, JSON or text back. */
import { admitFiles } from "../answer-files.ts";
import { cutText } from "./a2a-answer.ts";
import type { BackendParts, BackendRequest, Outcome } from "../backend.ts";
import { callHttp, type HttpAnswer } from "../http-call.ts";
import { Limit } from "../http-limit.ts";
import { isGood, outcomeOfFailure, outcomeOfTimeout, said } from "./outcome.ts";
import type { HttpSettings } from "./settings.ts";
import { type JsonAnswer, readJsonAnswer, readJsonError } from "../json-answer.ts";
import { toJsonLine } from "../json-request.ts";
import type { Standing } from "../standing.ts";

/** Bytes of JSON for one of text: a letter of two bytes may be written as `\u00e9`. */
const JSON_FACTOR = 3;
const JSON_EXTRA_BYTES = 64 * 1024;

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
  let body: string;
  try {
    body = toJsonLine(request);
  } catch {
    // A RangeError: an envelope nested 50 000 deep, which JSON.parse takes and stringify does not.
    return {
      kind: "failed",
      reason: "the message can't be written as JSON: it is nested too deeply or too large",
      told: "the message is nested too deeply or too large to be read",
    };
  }
  using limit = new Limit(parts.clock, settings.timeoutMs, signal);
  const headers = {
    accept: "application/json, text/*",
    ...settings.headers,
    "content-type": "application/json",
  };
  const maxBytes = settings.maxAnswer * JSON_FACTOR + JSON_EXTRA_BYTES;
  const call = { method: "POST", url: settings.url, headers, body, maxBytes } as const;
  const result = await callHttp(call, limit.signal, parts);
  if (result.kind === "ended") {
    return limit.expired ? outcomeOfTimeout(settings) : { kind: "stopped" };
  }
  if (result.kind !== "answered" || !isGood(result)) {
    return outcomeOfFailure(result, settings, parts.secrets, standing);
  }
  const outcome = await judge(result, settings, parts, request);
  if (outcome.kind === "answer" || outcome.kind === "declined") standing.good = true;
  return outcome;
}

async function judge(
  answer: HttpAnswer,
  settings: HttpSettings,
  parts: BackendParts,
  request: BackendRequest,
): Promise<Outcome> {
  const { type, text, cut } = answer;
  if (type === "" || (type.startsWith("text/") && !NO_ANSWERS.has(type))) {
    // Frameworks send their errors under any type.
    const error = cut ? undefined : readJsonError(text);
    if (error !== undefined) return judgeJson(error, settings, parts, request);
    return answerOf(text, settings, parts, cut);
  }
  if (text.trim() === "") return answerOf("", settings, parts);
  if (type !== "application/json" && !type.endsWith("+json")) {
    const what =
      type === "text/html" ? "a web page" : `an answer of type ${said(type, parts.secrets)}`;
    return unreadable(`${settings.shown} gave ${what}: it must be JSON or plain text`);
  }
  if (cut) return unreadable(`${settings.shown} gave more JSON than fits into an answer`);
  const read = readJsonAnswer(text);
  switch (read.kind) {
    case "plain": {
      const value = valueIn(text);
      if (value === undefined) return unreadable(`${settings.shown} gave broken JSON`);
      // A text may be written as JSON, too, and null is how "nothing" is.
      return answerOf(
        typeof value === "string" ? value : value === null ? "" : text,
        settings,
        parts,
      );
    }
    case "wrong":
      return unreadable(`${settings.shown} gave an answer that can't be used: ${read.why}`);
    case "answer":
      return judgeJson(read.answer, settings, parts, request);
  }
}

async function judgeJson(
  { text = "", files: named, declined, error, retryAfterMs }: JsonAnswer,
  settings: HttpSettings,
  parts: BackendParts,
  { answerFolder, activityId }: BackendRequest,
): Promise<Outcome> {
  const { secrets } = parts;
  if (error !== undefined) {
    const reason = `the agent reports an error: ${said(error, secrets)}`;
    const told = "the agent reported an error";
    if (retryAfterMs === undefined) return { kind: "failed", reason, told };
    return { kind: "again", reason, told, retryAfterMs, overloaded: true };
  }
  if (declined !== undefined) {
    const why = declined === true ? "" : `: ${said(declined, secrets)}`;
    return { kind: "declined", reason: `the agent chose to say nothing${why}` };
  }
  // What is reached over a network may name no file of this machine but those that it was given room for.
  const folder = answerFolder ?? "";
  const { files, note } =
    answerFolder === undefined
      ? { files: [], note: named.length > 0 ? "files can't go with this answer" : undefined }
      : await admitFiles(named, { cwd: folder, answerFolder: folder }, secrets);
  if (note !== undefined) parts.onNote(note, activityId);
  if (text.trim() === "" && files.length === 0) {
    if (retryAfterMs === undefined) return { kind: "declined", reason: "the agent said nothing" };
    const reason = "the agent asks to be given the message again later";
    const told = "the agent asks for more time";
    return { kind: "again", reason, told, retryAfterMs, overloaded: true };
  }
  const cut = cutText(text, { ...settings, secrets }, "the agent's answer");
  return { kind: "answer", text: cut, ...(files.length > 0 ? { files } : {}) };
}

function answerOf(
  text: string,
  settings: HttpSettings,
  { secrets }: BackendParts,
  cut = false,
): Outcome {
  if (text.trim() === "") return { kind: "declined", reason: "the agent answered with nothing" };
  return {
    kind: "answer",
    text: cutText(text, { ...settings, secrets }, "the agent's answer", cut),
  };
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
