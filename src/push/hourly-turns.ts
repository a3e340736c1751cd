/**
 * How many runs pushed messages may cause in an hour, all together: the platform does not tell who
 * sends, and a stranger may name each message another conversation.
 */
import type { Clock } from "../shared/clock.ts";
import { asObject, tryParseJson } from "../shared/json.ts";
import type { Memory } from "../store/store.ts";

const KEY = "push/turns";
const MINUTE_MS = 60_000;
const MINUTES = 60;

/** The turn of one message, which holds one at most. */
export interface Turn {
  /**
   * Takes one of the hour's runs, where it holds none. Gives undefined where there was one, else after
   * how many milliseconds there may be. Rejects where it can't be written down, and then has taken none.
   */
  take(): Promise<number | undefined>;
  /** What it holds was used up by a run that counts: for the next one it takes another. */
  spend(): void;
  /** Gives back what it holds, and takes none any more: the message has come to its end. */
  end(): Promise<void>;
}

export class HourlyTurns {
  readonly #memory: Memory;
  readonly #clock: Clock;
  readonly #limit: number;
  /** Runs by the minute in which they began, since 1970. */
  #runs = new Map<number, number>();

  /** `limit` runs an hour; 0 for no limit. */
  constructor(memory: Memory, clock: Clock, limit: number) {
    this.#memory = memory;
    this.#clock = clock;
    this.#limit = limit;
  }

  /** What earlier processes have run: a restart is no way around the limit. */
  async load(): Promise<void> {
    if (this.#limit === 0) return;
    const kept = asObject(tryParseJson(await this.#memory.recall(KEY))) ?? {};
    this.#runs = new Map(
      Object.entries(kept).flatMap(([minute, runs]) =>
        typeof runs === "number" && runs > 0 ? [[Number(minute), runs]] : [],
      ),
    );
  }

  turn(): Turn {
    /** The minute in which it was taken. */
    let held: number | undefined;
    let isOver = false;
    const giveBack = async () => {
      const minute = held;
      held = undefined;
      if (minute !== undefined) await this.#giveBack(minute);
    };
    return {
      take: async () => {
        if (this.#limit === 0 || held !== undefined || isOver) return undefined;
        const taken = await this.#take();
        if (taken.kind === "later") return taken.inMs;
        held = taken.minute;
        // It came too late: nobody waits for it any more.
        if (isOver) await giveBack();
        return undefined;
      },
      spend: () => void (held = undefined),
      end: async () => {
        isOver = true;
        await giveBack();
      },
    };
  }

  async #take(): Promise<{ kind: "taken"; minute: number } | { kind: "later"; inMs: number }> {
    const now = Math.floor(this.#clock.now() / MINUTE_MS);
    // A clock that was set back leaves runs in the future: of them nothing can be said.
    this.#runs = new Map([...this.#runs].filter(([at]) => at > now - MINUTES && at <= now));
    const total = [...this.#runs.values()].reduce((sum, runs) => sum + runs, 0);
    if (total >= this.#limit) {
      const oldest = Math.min(...this.#runs.keys());
      const inMs = Math.max((oldest + MINUTES) * MINUTE_MS - this.#clock.now(), 1_000);
      return { kind: "later", inMs };
    }
    this.#count(now, 1);
    try {
      await this.#write();
    } catch (error) {
      this.#count(now, -1);
      throw error;
    }
    return { kind: "taken", minute: now };
  }

  async #giveBack(minute: number): Promise<void> {
    this.#count(minute, -1);
    // Others may have it at once; a disk that does not take it now gets it with the next turn.
    await this.#write().catch(() => {});
  }

  /** One that is not counted any more can't be taken off. */
  #count(minute: number, change: 1 | -1): void {
    const runs = (this.#runs.get(minute) ?? 0) + change;
    if (runs > 0) this.#runs.set(minute, runs);
    else this.#runs.delete(minute);
  }

  async #write(): Promise<void> {
    await this.#memory.remember(KEY, JSON.stringify(Object.fromEntries(this.#runs)));
  }
}
