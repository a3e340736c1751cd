/** What it means for a message that the model's server did not answer it. */
import type { Secrets } from "../../shared/secrets.ts";
import { oneLine } from "../../shared/text.ts";
import type { Outcome } from "../backend.ts";
import type { HttpAnswer, HttpResult } from "../http-call.ts";
import { errorIn } from "../http-words.ts";
import { said } from "../said.ts";
import type { OpenaiSettings } from "./settings.ts";

/** A call that brought no answer of the kind 2xx. */
export type ChatFailure = Exclude<HttpResult, { kind: "ended" }>;

export const TOLD = {
  setUp: "the agent can't answer until its operator has mended its set-up",
  away: "the agent's model can't be reached at the moment",
  busy: "the agent's model is overloaded",
  unread: "the agent's model gave an answer that can't be read",
  unaccepted: "the agent's model does not accept the message",
  tooLong: "the message is too long for the agent's model",
} as const;

/** Whether the conversation is more than the model can read. */
export function isTooLong(answer: HttpAnswer): boolean {
  if (answer.status === 413) return true;
  if (answer.status !== 400 && answer.status !== 422) return false;
  const { words, code, type } = errorIn(answer);
  return /context_length|context_size/.test(`${code} ${type}`) || TOO_LONG.test(words);
}

/** The words of OpenAI, vLLM, llama.cpp, LM Studio, and of what stands before them. */
const TOO_LONG =
  /context (length|window|size)|maximum context|too many (input )?tokens|(prompt|input|request)s? (is|are) too (long|large)|exceeds? .{0,60}\b(context|tokens?)\b/i;

/** Whether the server has no model of that name. What a message says can't bring it about. */
export function isNoModel(answer: HttpAnswer, model: string): boolean {
  const { words, code } = errorIn(answer);
  if (answer.status === 404) return code === "model_not_found" || /\bmodel\b/i.test(words);
  if (answer.status !== 400) return false;
  return code === "model_not_found" || (words.includes(model) && NO_MODEL.test(words));
}

const NO_MODEL =
  /not a valid model|invalid model|unknown model|no such model|model\b.{0,120}\b(not found|does not exist)/i;

/**
 * Whether the server refuses either the key or the message, and does not say which: a firewall of web
 * sites answers so to what looks like an attack.
 */
export function isForbidden(answer: HttpAnswer): boolean {
  return answer.status === 403 && !isWithoutCredit(answer);
}

/** The outcome of a message that the server refuses with a 403, although the key is good. */
export function outcomeOfUnfit(answer: HttpAnswer, secrets: Secrets): Outcome {
  return { kind: "failed", reason: reasonOf(answer, secrets), told: TOLD.unaccepted };
}

/** The outcome of a message whose call failed. Nothing in it holds a secret. */
export function outcomeOfFailure(
  result: ChatFailure,
  settings: Pick<OpenaiSettings, "shown" | "base">,
  secrets: Secrets,
): Outcome {
  switch (result.kind) {
    case "unsent":
      return {
        kind: "again",
        reason: secrets.mask(
          `${result.words}: is ${serverName(settings)} running at ${settings.shown}?`,
        ),
        told: TOLD.away,
        // It may be about to start again.
        overloaded: true,
      };
    case "lost":
      // A completion leaves nothing behind at the server: to ask again does no harm.
      return {
        kind: "again",
        reason: secrets.mask(`no answer from ${settings.shown}: ${result.words}`),
        told: TOLD.away,
      };
    case "elsewhere":
      return operator(
        said(`${result.words}, which is not followed`, secrets),
        "if the server lives there now, give that address as --backend-opt base_url=…",
      );
    case "answered":
      return outcomeOfStatus(result, settings, secrets);
  }
}

/** The outcome of a model that the server does not have. `names`: those that it has, where it tells. */
export function outcomeOfNoModel(
  { shown, model }: Pick<OpenaiSettings, "shown" | "model">,
  names: readonly string[],
): Outcome {
  const some = names.slice(0, NAMES_MAX).join(", ");
  const more = names.length > NAMES_MAX ? `, and ${names.length - NAMES_MAX} more` : "";
  const has = names.length === 0 ? "" : `; it has ${some}${more}`;
  return operator(
    `the server at ${shown} has no model ${oneLine(model, 100)}${has}`,
    "choose another with --backend-opt model=…, or load it there (ollama pull NAME)",
  );
}

const NAMES_MAX = 5;

function outcomeOfStatus(
  answer: HttpAnswer,
  { shown }: Pick<OpenaiSettings, "shown">,
  secrets: Secrets,
): Outcome {
  const { status, retryAfterMs } = answer;
  const { words, param } = errorIn(answer);
  const reason = reasonOf(answer, secrets);
  if (isWithoutCredit(answer)) {
    return operator(reason, "check the account's credit and its limits");
  }
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    return { kind: "again", reason, told: TOLD.busy, retryAfterMs, overloaded: true };
  }
  // Some say with it that a stranger's words were judged unfit, which is nothing that a key would mend.
  if (status === 403 && /moderat|flagged|content.?(policy|filter)/i.test(words)) {
    return { kind: "failed", reason, told: TOLD.unaccepted };
  }
  if (status === 401 || status === 403) {
    return operator(reason, "check the key: --backend-opt api_key=env:NAME, with the key in NAME");
  }
  if (status === 407) {
    return operator(reason, "a proxy stands between: check HTTP_PROXY, HTTPS_PROXY and NO_PROXY");
  }
  if (status === 404 || status === 405 || status < 400) {
    return operator(
      `${reason}; there seems to be no chat endpoint below ${shown}`,
      "check --backend-opt base_url=…: most often it ends in /v1",
    );
  }
  if (OF_OURS.has(param)) {
    return operator(
      reason,
      `leave out or change --backend-opt ${param}=…, which the server does not take so`,
    );
  }
  return { kind: "failed", reason, told: isTooLong(answer) ? TOLD.tooLong : TOLD.unaccepted };
}

function reasonOf(answer: HttpAnswer, secrets: Secrets): string {
  const words = said(errorIn(answer).words, secrets);
  return `the model's server answered ${answer.status}${words === "" ? "" : `: ${words}`}`;
}

function isWithoutCredit(answer: HttpAnswer): boolean {
  const { code, type } = errorIn(answer);
  return answer.status === 402 || NO_CREDIT.test(`${code} ${type}`);
}

/** A 429 that no patience helps. */
const NO_CREDIT =
  /insufficient_quota|billing_(hard_limit|not_active)|insufficient_(credit|balance)/;

/** What the operator chose, and no message can change. */
const OF_OURS: ReadonlySet<string> = new Set(["temperature", "max_tokens"]);

function serverName({ base }: Pick<OpenaiSettings, "base">): string {
  return { "11434": "Ollama", "1234": "LM Studio" }[base.port] ?? "the model's server";
}

function operator(reason: string, hint: string): Outcome {
  return { kind: "operator", reason, told: TOLD.setUp, hint };
}
