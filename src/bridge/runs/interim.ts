/**
 * What an agent says on the way to its answer, shown to the canvas user who waits for it
 * (`--progress notify`): now and then a notice, best effort. Nothing waits for it but, shortly, the
 * answer, which must come after it.
 */
import { within, type Clock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import { clip, storable } from "../../shared/text.ts";
import type { Platform } from "../../platform/platform.ts";
import type { StoreLock } from "../../store/store.ts";
import type { Emit } from "../events.ts";
import type { Pace } from "../pace.ts";

/** One notice in so long. */
const PAUSE_MS = 15_000;
/** How long the answer waits for a notice that is on its way. */
const LAST_MS = 2_000;
const MOST_CHARACTERS = 2_000;
/** The digest of a notice finds it again in the feed (see notices.ts): with this it is no answer's. */
export const INTERIM_PREFIX = "… ";

export interface InterimParts {
  platform: Pick<Platform, "notify">;
  clock: Clock;
  pace: Pick<Pace, "spare">;
  lock: Pick<StoreLock, "sure">;
  emit: Emit;
}

/** What is said in one run. */
export interface Saying {
  say(text: string): void;
  /** Nothing is posted once this resolves: after 2 s at the latest, at once when `cut` has aborted. */
  end(cut: AbortSignal): Promise<void>;
}

export class Interim {
  readonly #parts: InterimParts;
  /** When the next notice may be posted, monotonic: of whichever run. */
  #nextAt = 0;

  constructor(parts: InterimParts) {
    this.#parts = parts;
  }

  begin(activityId: string): Saying {
    const { clock } = this.#parts;
    const ended = new AbortController();
    const cutOff = new AbortController();
    let gathered = "";
    let posting: Promise<void> | undefined;
    const work = async () => {
      while (gathered !== "") {
        const inMs = this.#nextAt - clock.monotonic();
        if (inMs > 0) await clock.sleep(inMs, ended.signal);
        if (ended.signal.aborted) return;
        this.#nextAt = clock.monotonic() + PAUSE_MS;
        if (!this.#parts.pace.spare()) continue;
        const text = clip(`${INTERIM_PREFIX}${storable(gathered)}`, MOST_CHARACTERS);
        gathered = "";
        await this.#post(activityId, text, cutOff.signal);
      }
    };
    return {
      say: (text) => {
        const trimmed = text.trim();
        if (ended.signal.aborted || trimmed === "") return;
        const joined = gathered === "" ? trimmed : `${gathered}\n\n${trimmed}`;
        // One more than is shown, so that it is seen to be cut.
        gathered = joined.slice(0, MOST_CHARACTERS + 1);
        posting ??= work().finally(() => (posting = undefined));
      },
      end: async (cut) => {
        ended.abort();
        if (posting === undefined) return;
        if (!cut.aborted) await within(clock, LAST_MS, posting);
        cutOff.abort();
      },
    };
  }

  async #post(activityId: string, text: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#parts.lock.sure(signal);
      await this.#parts.platform.notify(text, { signal });
    } catch (error) {
      this.#parts.emit({ type: "interim-failed", activityId, reason: messageOf(error) });
    }
  }
}
