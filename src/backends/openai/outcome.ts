/** What a 200 of the model's server means for the message. */
import { get, getArray, getString, parseJson } from "../../shared/json.ts";
import type { Secrets } from "../../shared/secrets.ts";
import { clipBytes, storable } from "../../shared/text.ts";
import type { Outcome } from "../backend.ts";
import type { HttpAnswer } from "../http-call.ts";
import { type Completion, readCompletion } from "./answer.ts";
import { isPage } from "../http-words.ts";
import { said } from "../said.ts";
import { TOLD } from "./failure.ts";
import type { OpenaiSettings } from "./settings.ts";

/** An outcome, and what the model said where it is to be remembered. */
export interface Judged {
  outcome: Outcome;
  answer?: string;
}

/** A model that says nothing is asked so often in all; then there is no answer. */
const EMPTY_TRIES = 3;

/**
 * The outcome of an answer with the status 200, in which nothing is secret; `failure` where the body
 * tells of an error all the same, as gateways write it, with the status that it names. What the model had
 * said until then is no answer.
 */
export function judgeAnswer(
  answer: HttpAnswer,
  attempt: number,
  { maxAnswer }: Pick<OpenaiSettings, "maxAnswer">,
  secrets: Secrets,
): Judged | { failure: HttpAnswer } {
  if (answer.cut) {
    return failed(
      "the model's server sent more than an answer can be; --backend-opt max_answer=… allows more",
      TOLD.unread,
    );
  }
  const body = read(answer);
  if (typeof body === "string") {
    return again(`the model's server answered with ${body} instead of JSON`, TOLD.unread);
  }
  const error = errorOf(body);
  if (error !== undefined) {
    return { failure: { ...answer, text: written(error), status: statusOf(error) } };
  }
  const completion = readCompletion(body);
  if (completion.kind !== "text") return withoutText(completion, attempt, secrets);
  const whole = secrets.mask(storable(completion.text));
  const text = clipBytes(whole, maxAnswer);
  const note =
    text.length < whole.length
      ? `\n\n[cut: the answer is longer than ${maxAnswer} bytes]`
      : completion.cut
        ? "\n\n[cut: the model came to its limit of tokens]"
        : "";
  return { outcome: { kind: "answer", text: text + note }, answer: text };
}

/** The body; where it is no JSON, what it is instead. */
function read({ encoding, type, text }: HttpAnswer): object | string {
  if (encoding !== undefined) return "an encoding that was not asked for";
  if (isPage(type)) return "a web page";
  if (text.trim() === "") return "nothing";
  try {
    return parseJson(text);
  } catch {
    return type === "text/event-stream" ? "a stream of events" : "something";
  }
}

/** What gateways write where the provider failed on the way, next to the half that it had said. */
function errorOf(body: object): unknown {
  const choice = getArray(body, "choices")?.[0];
  const given = [get(body, "error"), get(choice, "error")].find((error) => !isNone(error));
  if (given !== undefined) return given;
  const reason = getString(choice, "finish_reason") ?? "";
  return BROKEN_OFF.has(reason) ? `the answer was broken off (${reason})` : undefined;
}

/** OpenRouter and Mistral; vLLM and SGLang; DeepSeek. */
const BROKEN_OFF: ReadonlySet<string> = new Set(["error", "abort", "insufficient_system_resource"]);

/** As the body of an answer that is nothing but this error. */
function written(error: unknown): string {
  try {
    return JSON.stringify({ error });
  } catch {
    // Nested too deeply to be written.
    return '{"error":"no explanation"}';
  }
}

function isNone(error: unknown): boolean {
  return error === undefined || error === null || error === false || error === "";
}

function statusOf(error: unknown): number {
  const code = Number(get(error, "code"));
  return code >= 400 && code < 600 ? code : 502;
}

function withoutText(
  completion: Exclude<Completion, { kind: "text" }>,
  attempt: number,
  secrets: Secrets,
): Judged {
  switch (completion.kind) {
    case "refused": {
      const why = completion.why === undefined ? "" : `: ${said(completion.why, secrets)}`;
      return failed(
        `the model refused the message, or what it would have said was withheld${why}`,
        "the agent's model refuses to answer this",
      );
    }
    case "tools":
      return failed(
        "the model asked for a tool instead of answering, and there are none",
        NO_ANSWER,
      );
    case "broken":
      return again(`the model's server gave no completion: ${completion.why}`, TOLD.unread);
    case "empty": {
      if (completion.cut) {
        return failed(
          "the model came to its limit of tokens before it said anything; --backend-opt max_tokens=… gives it more",
          NO_ANSWER,
        );
      }
      const reason = "the model said nothing";
      return attempt < EMPTY_TRIES ? again(reason, NO_ANSWER) : failed(reason, NO_ANSWER);
    }
  }
}

const NO_ANSWER = "the agent's model gave no answer";

function again(reason: string, told: string): Judged {
  return { outcome: { kind: "again", reason, told } };
}

function failed(reason: string, told: string): Judged {
  return { outcome: { kind: "failed", reason, told } };
}
