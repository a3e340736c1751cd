/**
 * How many runs pushed messages may cause in an hour, all together: the platform does not tell who
 * sends, and a stranger may name each message another conversation.
 */
import type { Clock } from "../shared/clock.ts";
import { asObject, parseJson } from "../shared/json.ts";
import type { Memory } from "../store/store.ts";

const KEY = "push/turns";
const MINUTE_MS = 60_000;
const MINUTES = 60;

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
    this.#runs = new Map(
      Object.entries(read(await this.#memory.recall(KEY))).flatMap(([minute, runs]) =>
        typeof runs === "number" && runs > 0 ? [[Number(minute), runs]] : [],
      ),
    );
  }

  /**
   * Takes one of the hour's runs. Gives undefined where there was one, else after how many milliseconds
   * there may be. Rejects where it can't be written down, and then has taken none.
   */
  async take(): Promise<number | undefined> {
    if (this.#limit === 0) return undefined;
    const now = Math.floor(this.#clock.now() / MINUTE_MS);
    // A clock that was set back leaves runs in the future: of them nothing can be said.
    this.#runs = new Map([...this.#runs].filter(([at]) => at > now - MINUTES && at <= now));
    const total = [...this.#runs.values()].reduce((sum, runs) => sum + runs, 0);
    if (total >= this.#limit) {
      const oldest = Math.min(...this.#runs.keys());
      return Math.max((oldest + MINUTES) * MINUTE_MS - this.#clock.now(), 1_000);
    }
    this.#count(now, 1);
    try {
      await this.#memory.remember(KEY, JSON.stringify(Object.fromEntries(this.#runs)));
    } catch (error) {
      this.#count(now, -1);
      throw error;
    }
    return undefined;
  }

  #count(minute: number, runs: number): void {
    this.#runs.set(minute, (this.#runs.get(minute) ?? 0) + runs);
  }
}

function read(text: string | undefined): object {
  try {
    return asObject(parseJson(text ?? "{}")) ?? {};
  } catch {
    return {};
  }
}
