/** A message that waits in the queue of a busy push agent (contract 2.4.6). */
import { readAnswer } from "../../a2a/request.ts";
import type { Log } from "../../cli/log.ts";
import type { Management } from "../../platform/management.ts";
import { PlatformError } from "../../platform/platform.ts";
import { get, getString, type JsonObject, tryParseJson } from "../../shared/json.ts";
import type { Answer } from "../answers/await-answer.ts";
import { lookUntil } from "../answers/look-until.ts";

/** The queue moves with the agent's heartbeats, each half a minute or so. */
const LOOK_MS = 1_000;

/**
 * The answer, once the agent has given it; undefined when the time is up; "hidden" where the platform
 * does not show us the entry.
 */
export async function awaitQueued(
  management: Pick<Management, "queued">,
  agentId: string,
  queueId: string,
  timeoutMs: number,
  log: Log,
): Promise<Answer | "hidden" | undefined> {
  return lookUntil({ timeoutMs, pauseMs: LOOK_MS, log }, async () => {
    try {
      return outcomeOf(await management.queued(agentId, queueId));
    } catch (error) {
      const status = error instanceof PlatformError ? error.failure.status : undefined;
      // Revision 1 says 404 and revision 2 says 403 to whom it does not concern.
      if (status === 401 || status === 403 || status === 404) return "hidden";
      throw error;
    }
  });
}

function outcomeOf(entry: JsonObject): Answer | undefined {
  const status = getString(entry, "status");
  if (status === "queued" || status === "dispatched") return undefined;
  const body = decoded(get(entry, "response_body"));
  const text = readAnswer(body);
  if (status === "completed" && text !== undefined) return { text, failed: false, pending: false };
  const said = get(body, "error");
  const complaint = typeof said === "string" ? said : getString(said, "message");
  const words =
    complaint ??
    getString(entry, "last_error") ??
    (status === "completed"
      ? "it took the message from its queue and answered without a text"
      : `the platform gave the message up (${status ?? "no status"})`);
  return { text: words, failed: true, pending: false };
}

/** Revision 1 shows the answer in base64, revision 2 as it is. */
function decoded(body: unknown): unknown {
  if (typeof body !== "string") return body;
  return tryParseJson(body) ?? tryParseJson(Buffer.from(body, "base64").toString("utf8"));
}
