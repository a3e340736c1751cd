/** One message to an agent and what comes of it, whichever way its answer takes. */
import { buildRequest, readAnswer } from "../../a2a/request.ts";
import type { Log } from "../../cli/log.ts";
import { PlatformClient } from "../../platform/client.ts";
import type { HttpParts } from "../../platform/http.ts";
import { Management } from "../../platform/management.ts";
import { LATE, within } from "../../shared/clock.ts";
import { formatDuration } from "../../shared/duration.ts";
import { ExitCode, MoleculeError } from "../../shared/errors.ts";
import { getString } from "../../shared/json.ts";
import {
  type Answer,
  awaitAnswer,
  canvasAnswer,
  newestRow,
  noAnswer,
  peerAnswer,
} from "../answers/await-answer.ts";
import { tellsCanvas, tellsPeer } from "../answers/tidings.ts";
import { Woken } from "../answers/woken.ts";
import { filesToSend } from "./files.ts";
import { awaitQueued } from "./queue.ts";

export interface Message {
  agentId: string;
  /** Who speaks; undefined is the canvas user. */
  as: string | undefined;
  text: string;
  /** Paths. */
  files: readonly string[];
  /** Ends before it is sent; where it rejects nothing is sent, and this is why. */
  ready: Promise<unknown>;
  /** Whether an answer that comes later is waited for. */
  wait: boolean;
  /** For the answer, from `ready` on. */
  timeoutMs: number;
}

export interface Outcome {
  message_id: string;
  status: "queued" | "answered" | "failed";
  answer: string | undefined;
}

/** Sends it. Rejects with a PlatformError, and with a MoleculeError once the time is up. */
export async function exchange(parts: HttpParts, message: Message, log: Log): Promise<Outcome> {
  const { agentId, as, text, wait, timeoutMs } = message;
  const { clock } = parts;
  // Whose feed shows the answer: the sender's own, or for the canvas the agent's.
  const platform = new PlatformClient({ ...parts, workspaceId: as ?? agentId });
  const message_id = crypto.randomUUID();
  // Meanwhile: its failure counts once it is known that the message may be sent.
  const newest = wait ? within(clock, timeoutMs, newestRow(platform)) : undefined;
  newest?.catch(() => {});
  await message.ready;
  const end = clock.monotonic() + timeoutMs;
  const leftMs = () => Math.max(0, end - clock.monotonic());
  const late = () => noAnswer(timeoutMs);

  const since = await newest;
  if (since === LATE) throw silent(timeoutMs);
  const files = await filesToSend(message.files, as !== undefined, platform);
  const request = buildRequest(text, message_id, "user", {}, files);
  // A push agent answers on the open request, for up to half an hour.
  const sent = await within(clock, leftMs(), platform.send(agentId, request));
  if (sent === LATE) throw late();
  const direct = readAnswer(sent.body);
  if (direct !== undefined) return { message_id, status: "answered", answer: direct };
  if (!sent.queued && sent.note !== undefined) throw complaint(sent.note);
  if (!wait) return { message_id, status: "queued", answer: undefined };
  if (!sent.queued) throw complaint("it answered without a text");

  const queueId = getString(sent.body, "queue_id");
  const find = as === undefined ? canvasAnswer(message_id) : peerAnswer(agentId, message_id);
  let answer: Answer | undefined;
  if (queueId !== undefined) {
    log.info("the agent is busy; the message waits in its queue");
    const management = new Management(parts);
    const found = await awaitQueued(management, agentId, queueId, leftMs(), log);
    if (found === undefined) throw late();
    // What the queue does not show us may show in the feed.
    if (found !== "hidden") answer = found;
  }
  if (answer === undefined) {
    using woken = new Woken({
      open: (hear, options) => platform.events(hear, options),
      tells: as === undefined ? tellsCanvas(getString(sent.body, "delivery_mode")) : tellsPeer,
      log,
      clock,
    });
    const awaiting = { since, find, timeoutMs: leftMs(), log, late, woken, clock };
    answer = await awaitAnswer(platform, awaiting);
  }
  return { message_id, status: answer.failed ? "failed" : "answered", answer: answer.text };
}

/** Before the sending. */
function silent(timeoutMs: number): MoleculeError {
  const within = formatDuration(timeoutMs);
  return new MoleculeError(`the platform did not show within ${within} where the answer will be`, {
    exitCode: ExitCode.unreachable,
    hint: "Nothing was sent. --timeout waits longer.",
  });
}

function complaint(note: string): MoleculeError {
  return new MoleculeError(`the agent took the message and reported: ${note}`);
}
