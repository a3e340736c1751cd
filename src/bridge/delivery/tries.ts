/**
 * How often and for how long each reply was tried by this process, and when it may be tried next: also
 * where its peer held it open in between. One that refuses late, each time, is not asked without end.
 */
import { nextDelay } from "../../shared/backoff.ts";
import { formatDuration } from "../../shared/duration.ts";
import type { Reply } from "../../store/store.ts";
import type { BridgeParts } from "../parts.ts";

/** How long a reply is tried, from when it was entered. */
const PATIENCE_MS = 24 * 3_600_000;
/** And at least so long by this process: most of those hours the machine may have slept. */
const LEAST_PATIENCE_MS = 10 * 60_000;

/** What follows from a try that failed; `over`: it is refused for good, for this reason. */
export type Next =
  { kind: "later"; failures: number; inMs: number } | { kind: "over"; reason: string };

type ReplyKey = Pick<Reply, "activityId" | "generation" | "kind">;

interface Trying {
  failures: number;
  /** Monotonic: since when it is tried, and when it may be tried next. */
  since: number;
  dueAt: number;
}

/** One entry for each reply that is being delivered or held open, until that has come to its end. */
export class Tries {
  readonly #parts: Pick<BridgeParts, "clock" | "random">;
  readonly #trying = new Map<string, Trying>();

  constructor(parts: Pick<BridgeParts, "clock" | "random">) {
    this.#parts = parts;
  }

  /** It is to be posted. Gives for how many milliseconds it has to rest before. */
  begin(reply: ReplyKey): number {
    return Math.max(0, this.#of(reply).dueAt - this.#parts.clock.monotonic());
  }

  /** A try failed in a way that may pass. */
  failed(
    reply: ReplyKey & Pick<Reply, "since">,
    reason: string,
    retryAfterMs?: number | undefined,
  ): Next {
    const { clock, random } = this.#parts;
    const trying = this.#of(reply);
    trying.failures += 1;
    const inMs = nextDelay(trying.failures, random, retryAfterMs);
    trying.dueAt = clock.monotonic() + inMs;
    const isLate = clock.now() - reply.since + inMs > PATIENCE_MS;
    if (isLate && trying.dueAt - trying.since > LEAST_PATIENCE_MS) {
      return { kind: "over", reason: `${reason}; tried for ${formatDuration(PATIENCE_MS)}` };
    }
    return { kind: "later", failures: trying.failures, inMs };
  }

  /** It was delivered, or refused for good. */
  forget(reply: ReplyKey): void {
    this.#trying.delete(keyOf(reply));
  }

  #of(reply: ReplyKey): Trying {
    const now = this.#parts.clock.monotonic();
    const found = this.#trying.get(keyOf(reply)) ?? { failures: 0, since: now, dueAt: now };
    this.#trying.set(keyOf(reply), found);
    return found;
  }
}

function keyOf({ activityId, generation, kind }: ReplyKey): string {
  return `${kind} ${generation} ${activityId}`;
}
