/** A peer in push mode that could not take a message, and said so too late for a status of its own. */
import { PlatformError } from "../../platform/platform.ts";
import { get, getNumber } from "../../shared/json.ts";

/**
 * The refusal in the body of a 2xx, if it is one. Else any 2xx is delivered, whatever it complains of:
 * the agent has had the message. But one that says when to come again (`error.data.retry_after`, in
 * seconds, as a bridge in push mode writes it) has run nothing, and would never see the message again.
 */
export function refusalIn(body: unknown): PlatformError | undefined {
  const error = get(body, "error");
  const seconds = getNumber(get(error, "data"), "retry_after");
  if (seconds === undefined || seconds < 0) return undefined;
  return new PlatformError("sending: the peer has not run it, and asks to be sent it again later", {
    verdict: "transient",
    status: 200,
    retryAfterMs: seconds * 1_000,
  });
}
