/** What it means for a message that a call did not bring a good answer. */
import { formatDuration } from "../../shared/duration.ts";
import type { Secrets } from "../../shared/secrets.ts";
import type { Outcome } from "../backend.ts";
import type { HttpAnswer, HttpResult } from "../http-call.ts";
import { errorIn } from "../http-words.ts";
import { said } from "../said.ts";
import type { Standing } from "../standing.ts";
import type { HttpSettings } from "./settings.ts";

/** The agent itself asks for patience; 529 is what model APIs say when they are overloaded. */
const BUSY = new Set([429, 503, 529]);
/** It did not take the request, and does not say when it would. */
const NOT_TAKEN = new Set([408, 425]);

/** A call that brought no answer of the kind 2xx. */
export type HttpFailure = Exclude<HttpResult, { kind: "ended" }>;

/** Whether all is well with it, as far as HTTP goes. */
export function isGood({ status, encoding }: HttpAnswer): boolean {
  return status >= 200 && status < 300 && encoding === undefined;
}

/** Whether the same call may fare better a little later: for one that does no harm when repeated. */
export function mayPass(result: HttpFailure): boolean {
  if (result.kind !== "answered") return result.kind !== "elsewhere";
  return BUSY.has(result.status) || NOT_TAKEN.has(result.status) || result.status >= 500;
}

/**
 * The outcome of a message whose call failed. Nothing in it holds a secret. `good`: a message was taken
 * before (see `standing.ts`).
 */
export function outcomeOfFailure(
  result: HttpFailure,
  { shown }: Pick<HttpSettings, "shown">,
  secrets: Secrets,
  { good }: Readonly<Standing>,
): Outcome {
  switch (result.kind) {
    case "unsent":
      return {
        kind: "again",
        reason: secrets.mask(`${result.words}: is the agent running at ${shown}?`),
        told: "the agent can't be reached at the moment",
        // It may be about to start again.
        overloaded: true,
      };
    case "lost":
      return {
        kind: "failed",
        reason: secrets.mask(
          `no answer from ${shown}, which may have taken the message: ${result.words}`,
        ),
        told: "the connection to the agent was lost before it had answered",
      };
    case "elsewhere":
      return {
        kind: "operator",
        reason: said(`${result.words}, which is not followed`, secrets),
        told: "the agent is not where it was expected",
        hint: "if the agent lives there now, give that address as --backend-opt url=…",
      };
    case "answered":
      return outcomeOfStatus(result, shown, secrets, good);
  }
}

/** The outcome of a message for which the agent took longer than it may. */
export function outcomeOfTimeout({ timeoutMs }: Pick<HttpSettings, "timeoutMs">): Outcome {
  const limit = formatDuration(timeoutMs);
  return {
    kind: "failed",
    reason: `the agent had not answered after ${limit}; --backend-opt timeout=… gives it longer`,
    told: `the agent did not finish within ${limit}`,
  };
}

function outcomeOfStatus(
  answer: HttpAnswer,
  shown: string,
  secrets: Secrets,
  good: boolean,
): Outcome {
  const { status, retryAfterMs } = answer;
  const words = said(errorIn(answer).words, secrets);
  const reason = `${shown} answered ${status}${words === "" ? "" : ` (${words})`}`;
  if (BUSY.has(status)) {
    return { kind: "again", reason, told: "the agent is busy", retryAfterMs, overloaded: true };
  }
  if (NOT_TAKEN.has(status)) {
    return { kind: "again", reason, told: "the agent did not take the message", retryAfterMs };
  }
  if (status === 403 && good) {
    return { kind: "failed", reason, told: "the agent does not accept the message" };
  }
  switch (status) {
    case 401:
    case 403:
      return {
        kind: "operator",
        reason,
        told: "the agent refuses the connection",
        hint: "give it what it asks for, such as --backend-opt header.Authorization=env:NAME with NAME=Bearer …",
      };
    case 407:
      return {
        kind: "operator",
        reason,
        told: "the agent can't be reached at the moment",
        hint: "a proxy stands between: check HTTP_PROXY, HTTPS_PROXY and NO_PROXY",
      };
    case 404:
    case 405:
      return {
        kind: "operator",
        reason: `${reason}: there seems to be no agent at this address`,
        told: "the agent is not where it was expected",
        hint: "check --backend-opt url=…: it is the address that takes messages, path and all",
      };
    default:
      return {
        kind: "failed",
        reason,
        told:
          status >= 500
            ? "the agent failed while it worked on the message"
            : status >= 400
              ? "the agent does not accept the message"
              : "the agent gave an answer that can't be read",
      };
  }
}
