/** Sends the messages of a load when they are due, whatever the platform makes of those before. */
import { buildRequest, readAnswer } from "../../../a2a/request.ts";
import { PlatformError, type Platform } from "../../../platform/platform.ts";
import { nextDelay } from "../../../shared/backoff.ts";
import { within, type Clock } from "../../../shared/clock.ts";
import type { Entry, Ledger } from "./ledger.ts";

export interface Sending {
  ledger: Ledger;
  /** By their place in the load. */
  senders: readonly { client: Pick<Platform, "send"> }[];
  agentId: string;
  /** Requests that may be open at a time. */
  concurrency: number;
  clock: Clock;
  /** For the pauses before a message is sent again. */
  random: () => number;
  /** Milliseconds since the start. */
  elapsed: () => number;
  signal: AbortSignal;
  /** Hears of each refused try. */
  onRefused: (error: PlatformError, entry: Entry) => void;
}

/** A timer is as exact as this, in milliseconds. */
const TICK_MS = 1;

/** A message that is to be sent once more. */
interface Again {
  entry: Entry;
  atMs: number;
  failures: number;
}

/**
 * Resolves when all messages are with the platform or given up, or on abort. What is refused for the moment
 * is sent again, with growing pauses, until then: under the same id, which no platform and no bridge takes
 * for a second message. Rejects with what is no failure of the platform.
 */
export async function sendAll(sending: Sending): Promise<void> {
  const { ledger, clock, elapsed, signal, concurrency } = sending;
  const again: Again[] = [];
  let next = 0;
  let open = 0;
  let broken: { error: unknown } | undefined;

  const start = async (entry: Entry, failures: number) => {
    open += 1;
    entry.startedMs ??= elapsed();
    try {
      const pauseMs = await trySending(sending, entry, failures + 1);
      if (pauseMs !== undefined)
        insert(again, { entry, atMs: elapsed() + pauseMs, failures: failures + 1 });
    } catch (error) {
      broken ??= { error };
    } finally {
      open -= 1;
      ledger.bell.ring();
    }
  };

  while (!signal.aborted) {
    if (broken !== undefined) throw broken.error;
    const planned = ledger.entries[next];
    const [repeat] = again;
    const isRepeat = repeat !== undefined && repeat.atMs <= (planned?.dueMs ?? Infinity);
    const dueMs = isRepeat ? repeat.atMs : planned?.dueMs;
    if (dueMs === undefined && open === 0) return;
    if (dueMs === undefined || open >= concurrency) {
      await ledger.bell.wait(signal);
      continue;
    }
    const waitMs = dueMs - elapsed();
    if (waitMs > TICK_MS) {
      await within(clock, waitMs, ledger.bell.wait(signal), signal);
    } else if (isRepeat) {
      again.shift();
      // Its answer may have come where only the platform's word on it was lost.
      if (repeat.entry.state === "due") void start(repeat.entry, repeat.failures);
    } else if (planned !== undefined) {
      next += 1;
      void start(planned, 0);
    }
  }
}

/** One try; gives the pause before the next one, in milliseconds, if there is to be one. */
async function trySending(
  { ledger, senders, agentId, random, elapsed, signal, onRefused }: Sending,
  entry: Entry,
  failures: number,
): Promise<number | undefined> {
  const client = senders[entry.from]?.client;
  if (client === undefined) throw new Error("a message without a sender");
  try {
    const sent = await client.send(agentId, buildRequest(entry.text, entry.id), { signal });
    // A page of whatever stands between, or cut off: it may have gone no further.
    if (sent.body === undefined) throw unreadable();
    ledger.send(entry);
    // An agent in push mode answers on the open request.
    const isAnswered = readAnswer(sent.body) !== undefined;
    if (isAnswered || (!sent.queued && sent.note !== undefined)) {
      ledger.answer(entry, { failed: !isAnswered, atMs: elapsed() });
    }
    return undefined;
  } catch (error) {
    if (signal.aborted) return undefined;
    if (!(error instanceof PlatformError)) throw error;
    ledger.refuse(error.failure.status);
    onRefused(error, entry);
    if (passes(error)) return nextDelay(failures, random, error.failure.retryAfterMs);
    ledger.giveUp(entry);
    return undefined;
  }
}

function unreadable(): PlatformError {
  return new PlatformError("sending: an answer that can't be read", { verdict: "transient" });
}

/** Whether it may go better later. An empty 404 is a fault that was set: our own platform says more. */
export function passes({ verdict }: PlatformError): boolean {
  return verdict === "transient" || verdict === "misaddressed";
}

/** Keeps the list in the order of its times. */
function insert(list: Again[], one: Again): void {
  const at = list.findLastIndex(({ atMs }) => atMs <= one.atMs);
  list.splice(at + 1, 0, one);
}
