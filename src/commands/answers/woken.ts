/**
 * The event stream of a workspace for one who waits (contract 2.11): it says "look now", and nothing else is
 * taken from it. Looks by time go on beside it, since it may be absent, refused, silent or broken, of
 * which only a debug line is told.
 */
import type { Log } from "../../cli/log.ts";
import { PlatformError, type Platform, type StreamSign } from "../../platform/platform.ts";
import { nextDelay } from "../../shared/backoff.ts";
import { type Clock, systemClock, within } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Tells } from "./tidings.ts";

/** So long the first look waits for the stream: one after it was opened misses nothing. */
const OPEN_MS = 50;
/** The platform tells of a notice before it stores its row (contract 2.5): a second look comes so much later. */
const STORED_MS = 50;
/** So many looks in a row are made as soon as they are asked for, and after them one each so many ms. */
const MOST_AT_ONCE = 8;
const APART_MS = 200;
/** A stream that has lasted so long was a good one: the next is opened soon after its end. */
const LASTING_MS = 60_000;

export interface Waking {
  /** Opens the stream, as {@link Platform.events} does. */
  open: Platform["events"];
  /** Which events ask for a look. */
  tells: Tells;
  log: Pick<Log, "debug">;
  /** The system's, unless a test moves another. */
  clock?: Clock;
}

/** Pauses between looks that the stream ends before their time. To be disposed: that closes the stream. */
export class Woken implements Disposable {
  readonly #waking: Waking;
  readonly #clock: Clock;
  readonly #stop = new AbortController();
  readonly #settled = Promise.withResolvers<void>();
  readonly #ready: Promise<unknown>;
  #isListening = false;
  /** A look is asked for. */
  #rung = false;
  /** Ends the pause that is being made. */
  #wake: (() => void) | undefined;
  /** Looks that may be made at once, at that time (monotonic, ms). */
  #credit = MOST_AT_ONCE;
  #creditAt: number;

  constructor(waking: Waking) {
    this.#waking = waking;
    this.#clock = waking.clock ?? systemClock;
    this.#creditAt = this.#clock.monotonic();
    this.#ready = within(this.#clock, OPEN_MS, this.#settled.promise, this.#stop.signal);
    this.listen();
  }

  /** Listens again, where the stream was refused for good: the token is another one now. */
  listen(): void {
    if (!this.#isListening) void this.#listen();
  }

  /** Resolves when the stream is open, has failed or takes its time, or after `mostMs`: then look. */
  async ready(mostMs: number): Promise<void> {
    await within(this.#clock, mostMs, this.#ready);
    this.#rung = false;
  }

  /** Resolves after `ms`, on abort, or when a look is asked for, also one that was since the last pause. */
  async pause(ms: number, signal?: AbortSignal): Promise<void> {
    const until = this.#clock.monotonic() + ms;
    if (!this.#rung) await this.#sleep(ms, signal);
    if (this.#rung) {
      const apartMs = (1 - this.#refill()) * APART_MS;
      const leftMs = until - this.#clock.monotonic();
      if (apartMs > 0) await this.#clock.sleep(Math.min(apartMs, leftMs), signal);
      this.#credit = Math.max(0, this.#refill() - 1);
    }
    this.#rung = false;
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  async #listen(): Promise<void> {
    const { open, log } = this.#waking;
    const { signal } = this.#stop;
    this.#isListening = true;
    for (let failures = 1; !signal.aborted; failures++) {
      const began = this.#clock.monotonic();
      const end: unknown = await open((sign) => this.#hear(sign), { signal }).catch(
        (error: unknown) => error,
      );
      this.#settled.resolve();
      if (signal.aborted) break;
      const said = end === undefined ? "the event stream: the platform ended it" : messageOf(end);
      log.debug(`${said}; looking by time`);
      if (isFinal(end)) break;
      if (this.#clock.monotonic() - began > LASTING_MS) failures = 1;
      const { retryAfterMs } = end instanceof PlatformError ? end.failure : {};
      await this.#clock.sleep(nextDelay(failures, Math.random, retryAfterMs), signal);
    }
    this.#isListening = false;
  }

  #hear(sign: StreamSign): void {
    if (sign.kind === "open") {
      this.#settled.resolve();
      // What came before was not told of.
      return this.#ring();
    }
    if (sign.kind !== "event" || !this.#waking.tells(sign)) return;
    this.#ring();
    if (sign.type !== "AGENT_MESSAGE") return;
    void this.#clock.sleep(STORED_MS, this.#stop.signal).then(() => this.#ring());
  }

  #ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const end = new AbortController();
    const wake = () => end.abort();
    if (signal?.aborted) return;
    signal?.addEventListener("abort", wake, { once: true });
    this.#wake = wake;
    await this.#clock.sleep(ms, end.signal);
    this.#wake = undefined;
    signal?.removeEventListener("abort", wake);
  }

  /** How many looks may be made at once by now. */
  #refill(): number {
    const now = this.#clock.monotonic();
    const more = (now - this.#creditAt) / APART_MS;
    this.#credit = Math.min(MOST_AT_ONCE, this.#credit + more);
    this.#creditAt = now;
    return this.#credit;
  }
}

/** Whether there is no use in opening it again. */
function isFinal(end: unknown): boolean {
  if (!(end instanceof PlatformError)) return false;
  return end.verdict !== "transient" || end.failure.absent === true;
}
