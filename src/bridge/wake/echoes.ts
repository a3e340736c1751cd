/**
 * Our own heartbeats come back on the event stream (contract 2.11), which sends nothing else to say that
 * it is alive: one that stays out tells of a stream that is dead, or held back by something in between.
 */
import type { Clock } from "../../shared/clock.ts";

/** How long after the platform took a heartbeat its event may take. */
const ECHO_MS = 5_000;
/** So many in a row that stay out, and the stream is opened anew. */
const MOST_MISSED = 2;
/**
 * A platform of several servers tells on each of its own heartbeats alone: a stream that had proven itself and
 * ceased is given more patience the next time, up to so many, until so many came back in a row.
 */
const LONGEST_PATIENCE = 32;
const STEADY = 20;

export interface EchoHooks {
  /** One has stayed out. */
  doubt(): void;
  /** So many did that the stream is given up. */
  lost(reason: string): void;
}

export class Echoes {
  readonly #clock: Clock;
  readonly #hooks: EchoHooks;
  /** Heartbeats that came back on this stream, and events of any kind. */
  #beats = 0;
  #events = 0;
  #missed = 0;
  /** That came back in a row. */
  #inRow = 0;
  #patience = MOST_MISSED;
  #stream: AbortSignal | undefined;
  /** None was sent since the stream was opened. */
  #wantsBeat = false;

  constructor(clock: Clock, hooks: EchoHooks) {
    this.#clock = clock;
    this.#hooks = hooks;
  }

  get wantsBeat(): boolean {
    return this.#wantsBeat;
  }

  /** A new stream is open; the signal ends with it. */
  begin(stream: AbortSignal): void {
    this.#beats = this.#events = this.#missed = this.#inRow = 0;
    this.#stream = stream;
    this.#wantsBeat = true;
  }

  /** It has ended. Gives whether it had brought any back. */
  end(): boolean {
    const wasProven = this.#stream !== undefined && this.#beats > 0;
    this.#stream = undefined;
    this.#wantsBeat = false;
    return wasProven;
  }

  heard(type: string): void {
    this.#events += 1;
    if (type !== "WORKSPACE_HEARTBEAT") return;
    this.#beats += 1;
    this.#missed = 0;
    this.#inRow += 1;
    if (this.#inRow >= STEADY) this.#patience = MOST_MISSED;
  }

  /** A heartbeat is being sent. What it gives is to be called once that was taken. */
  expect(): () => void {
    const stream = this.#stream;
    this.#wantsBeat = false;
    const before = this.#beats;
    return () => {
      // It may be back before the platform's answer is.
      if (stream !== undefined && this.#beats === before) void this.#wait(before, stream);
    };
  }

  async #wait(before: number, stream: AbortSignal): Promise<void> {
    await this.#clock.sleep(ECHO_MS, stream);
    if (stream.aborted || this.#beats > before) return;
    this.#missed += 1;
    this.#inRow = 0;
    this.#hooks.doubt();
    if (this.#missed < this.#patience) return;
    if (this.#beats > 0) {
      this.#patience = Math.min(this.#patience * 2, LONGEST_PATIENCE);
      this.#hooks.lost("our heartbeats have ceased to come back on it");
    }
    // One that tells of rows, and never of heartbeats, is of use all the same.
    else if (this.#events === 0) {
      this.#hooks.lost("nothing comes on it: something on the way may hold it back");
    }
  }
}
