/** The one place that decides what a failed call means: the retry rule's input. */
import { codeOf } from "../shared/errors.ts";
import { get, getNumber, getString } from "../shared/json.ts";
import { networkWords } from "../shared/network-words.ts";
import type { Secrets } from "../shared/secrets.ts";
import { oneLine } from "../shared/text.ts";
import { PlatformError, type Failure, type Verdict } from "./platform.ts";

/** Statuses below 500 that pass by themselves. */
const TRANSIENT_STATUSES = new Set([408, 425, 429]);

const REFUSED_HINT = "Check --api-url; `molecule dev` starts a platform on this machine.";

const TENANT_HINT =
  "Check --api-url. A hosted platform also needs its tenant's own host name, or --org-id.";

/** What came back, once its body is read. */
export interface Received {
  status: number;
  /** Parsed JSON; undefined when the body was empty or did not decode. */
  body: unknown;
  /** Why the body is not JSON; undefined when it is, or when it is empty. */
  undecodable: string | undefined;
  empty: boolean;
  retryAfterMs: number | undefined;
}

/** The error for an answer that is not a success. `what` names the call: "register", "reply". */
export function answerError(what: string, received: Received, secrets: Secrets): PlatformError {
  const { status, body, empty, undecodable } = received;
  const failure: Failure = {
    verdict: judge(received),
    status,
    // The body's own figure (503 busy) where the header is missing.
    retryAfterMs: received.retryAfterMs ?? secondsToMs(getNumber(body, "retry_after")),
    deliveryConfirmed: get(body, "delivery_confirmed") === true,
    removedAt: getString(body, "removed_at"),
    unknownOutcome: false,
  };
  if (failure.verdict === "misaddressed") failure.hint = TENANT_HINT;
  else if (status === 404) failure.hint = "Check --api-url and the workspace id.";
  const words = undecodable ?? (empty ? "no explanation" : platformWords(body, secrets));
  return new PlatformError(`${what}: ${status} (${words})`, failure);
}

/** The error for a 2xx whose body is not what the call promises: a proxy's page, or cut off. */
export function undecodableError(what: string, received: Received): PlatformError {
  const words = received.undecodable ?? (received.empty ? "an empty body" : "an unexpected body");
  return new PlatformError(`${what}: ${received.status}, but ${words}`, {
    verdict: "transient",
    status: received.status,
    unreadable: received.undecodable?.includes("broken JSON"),
    hint: "Check --api-url; or something in between is answering in the platform's place.",
  });
}

/** The error for a call that got no answer, or, if `answered`, not all of one. */
export function networkError(
  what: string,
  url: URL,
  error: unknown,
  ms: number,
  answered: boolean,
): PlatformError {
  const { words, refused } = networkWords(url, error, ms, process.env);
  return new PlatformError(`${what}: ${words}`, {
    verdict: "transient",
    unknownOutcome: !refused,
    unreadable: answered && codeOf(error) === "ECONNRESET",
    hint: refused ? REFUSED_HINT : undefined,
  });
}

function judge({ status, body, empty, undecodable }: Received): Verdict {
  if (TRANSIENT_STATUSES.has(status) || status >= 500 || status < 400) return "transient";
  if (status === 404 && empty) return "misaddressed";
  if (status === 400 && getString(body, "code") === "TENANT_ORG_HEADER_REQUIRED") {
    return "misaddressed";
  }
  // A proxy's or the web UI's page is no verdict on us; too large stays too large whoever says it.
  if (undecodable !== undefined && status !== 413) return "transient";
  if (status === 401) return "unauthorized";
  if (status === 403) return "forbidden";
  return status === 410 ? "gone" : "permanent";
}

/** The platform's own explanation, fit for one line. */
function platformWords(body: unknown, secrets: Secrets): string {
  const error = get(body, "error");
  const said = typeof error === "string" ? error : getString(error, "message");
  const more = [getString(body, "hint"), getString(body, "detail")].filter((w) => w !== undefined);
  const words = [said ?? getString(body, "message") ?? "no explanation", ...more].join("; ");
  // Masked before it is cut, lest half a secret remain.
  return oneLine(secrets.mask(words), 300);
}

function secondsToMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
