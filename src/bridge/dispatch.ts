/** One message through the backend to its answer: run, try again, give up, post. */
import type { InboundMessage } from "../a2a/feed-row.ts";
import type { BackendRequest, Outcome } from "../backends/backend.ts";
import { fullJitter, RETRY_AFTER_MAX_MS } from "../shared/backoff.ts";
import { LATE, within } from "../shared/clock.ts";
import { formatDuration } from "../shared/duration.ts";
import { messageOf, MoleculeError } from "../shared/errors.ts";
import type { Delivery } from "./delivery.ts";
import { senderName } from "./events.ts";
import type { Naps } from "./naps.ts";
import type { BridgeOptions, BridgeParts } from "./parts.ts";
import type { Vitals } from "./vitals.ts";
import type { Watchdog } from "./watchdog.ts";

const RETRY_BASE_MS = 2_000;
/** A backend ends its own runs; one that fails to is not waited for longer than this on top. */
const OVERTIME_MS = 30_000;
const SLACK_MS = 60_000;

/** `stopped` messages are not settled: they are delivered again. */
export type Dispatched = "settled" | "stopped";

export interface Deps {
  delivery: Delivery;
  vitals: Vitals;
  watchdog: Watchdog;
  naps: Naps;
}

/**
 * Runs one message to its end. Rejects when only the operator can mend what is wrong: then the
 * message is not settled either.
 */
export async function dispatch(
  parts: BridgeParts,
  options: Pick<BridgeOptions, "workspaceId" | "maxAttempts" | "onReply">,
  deps: Deps,
  message: InboundMessage,
  signal: AbortSignal,
): Promise<Dispatched> {
  const { emit, backend, clock } = parts;
  const { activityId, isReply } = message;
  const from = senderName(message.peerId);
  if (isReply && options.onReply === "skip") {
    emit({
      type: "skipped",
      activityId,
      reason: "an answer to us (--on-reply skip)",
      routine: false,
    });
    return "settled";
  }
  if (message.text === "" && !backend.takesEmptyText) {
    emit({ type: "declined", activityId, from, reason: "it has neither text nor files" });
    if (isReply) return "settled";
    return post(
      deps,
      message,
      "Your message holds no text or file that I can read.",
      "failure",
      signal,
    );
  }
  emit({
    type: "taken",
    activityId,
    messageId: message.messageId,
    from,
    isReply,
    bytes: Buffer.byteLength(message.text),
  });
  const begun = clock.monotonic();
  const { outcome, attempts } = await runUntilSettled(parts, options, deps, message, signal);
  switch (outcome.kind) {
    case "answer":
      if (isReply) {
        emit({ type: "noted", activityId, from, ms: clock.monotonic() - begun });
        return "settled";
      }
      return post(deps, message, outcome.text, "answer", signal, begun);
    case "declined":
      emit({ type: "declined", activityId, from, reason: outcome.reason });
      // The canvas shows that we are at work until it hears from us (contract 2.5).
      if (isReply || message.peerId !== undefined) return "settled";
      return post(
        deps,
        message,
        "(The agent has nothing to say to this.)",
        "answer",
        signal,
        begun,
      );
    case "again":
    case "failed": {
      emit({ type: "run-failed", activityId, from, attempts, reason: outcome.reason });
      if (isReply) return "settled";
      return post(
        deps,
        message,
        `I could not answer this: ${outcome.told}.`,
        "failure",
        signal,
        begun,
      );
    }
    case "operator":
      throw new MoleculeError(`the backend can't work: ${outcome.reason}`, { hint: outcome.hint });
    case "stopped":
      return "stopped";
  }
}

/** Runs the backend until it is settled what comes of it, at most `maxAttempts` times. */
async function runUntilSettled(
  parts: BridgeParts,
  { workspaceId, maxAttempts }: Pick<BridgeOptions, "workspaceId" | "maxAttempts">,
  deps: Deps,
  message: InboundMessage,
  signal: AbortSignal,
): Promise<{ outcome: Outcome; attempts: number }> {
  const { activityId, isReply, ...content } = message;
  for (let attempt = 1; ; attempt++) {
    const request = { ...content, workspaceId, activityId, isReply, attempt };
    const outcome = await runOnce(parts, deps, request, signal);
    if (outcome.kind !== "again" || attempt >= maxAttempts) return { outcome, attempts: attempt };
    const asked = Math.min(outcome.retryAfterMs ?? 0, RETRY_AFTER_MAX_MS);
    const inMs = asked + fullJitter(attempt, parts.random, RETRY_BASE_MS);
    const told = { activityId, attempt, of: maxAttempts, reason: outcome.reason, inMs };
    parts.emit({ type: "run-retry", ...told });
    deps.watchdog.expect("intake", inMs + SLACK_MS);
    await deps.naps.nap(inMs, signal);
    if (signal.aborted) return { outcome: { kind: "stopped" }, attempts: attempt };
  }
}

/** One run, with a limit above the backend's own, and its mark in the vitals. */
async function runOnce(
  { backend, clock }: BridgeParts,
  { vitals, watchdog }: Deps,
  request: BackendRequest,
  signal: AbortSignal,
): Promise<Outcome> {
  const limitMs = backend.timeoutMs + OVERTIME_MS;
  watchdog.expect("intake", limitMs + SLACK_MS);
  vitals.begin(`answering ${senderName(request.peerId)}`);
  const abort = new AbortController();
  const stop = () => abort.abort();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const running = backend.run(request, abort.signal).catch((error: unknown): Outcome => {
    // A backend must not throw; if one does, something may have been done.
    return { kind: "failed", reason: messageOf(error), told: "the agent failed" };
  });
  const end = await within(clock, limitMs, running);
  signal.removeEventListener("abort", stop);
  abort.abort();
  const outcome: Outcome = end === LATE ? overdue(limitMs) : end;
  if (outcome.kind === "again" || outcome.kind === "failed") vitals.end(outcome.reason);
  else if (outcome.kind === "answer" || outcome.kind === "declined") vitals.end();
  else vitals.drop();
  return outcome;
}

function overdue(limitMs: number): Outcome {
  const reason = `the backend did not end within ${formatDuration(limitMs)}`;
  return { kind: "failed", reason, told: "the agent took too long" };
}

async function post(
  { delivery }: Deps,
  message: InboundMessage,
  text: string,
  kind: "answer" | "failure",
  signal: AbortSignal,
  takenAt?: number,
): Promise<Dispatched> {
  return (await delivery.post(message, text, kind, signal, takenAt)) === "stopped"
    ? "stopped"
    : "settled";
}
