/**
 * Where pushed messages are taken: each conversation's one after the other, a repeat together with the
 * one that it repeats, and no more than can be held.
 */
import type { InboundMessage } from "../a2a/feed-row.ts";
import type { Emit } from "../bridge/events.ts";
import { Unwritten, type Keeper } from "../bridge/keeper.ts";
import { Slots } from "../bridge/runs/slots.ts";
import { Abortions } from "../shared/abortions.ts";
import { Bell } from "../shared/bell.ts";
import type { Clock } from "../shared/clock.ts";
import { KeyedLock } from "../shared/keyed-lock.ts";
import { Throttle } from "../shared/throttle.ts";
import { BUSY, RESTARTING, type Ending } from "./answers.ts";
import type { Arrival } from "./arrival.ts";
import type { Notes } from "./notes.ts";

/** Requests that may wait for their turn; who comes later is told to come again. */
export const MOST_WAITING = 64;
/** How long one may wait: less than the platform holds a request open (contract 2.4.5). */
export const PATIENCE_MS = 25 * 60_000;
/** How long a failure is the answer to repeats: an impatient sender must not cause a second run. */
const FAILURE_MS = 10 * 60_000;
/** Failures that are remembered for it. */
const MOST_FAILURES = 1_000;
/** A repeat of a message is told once in so long, for so many messages. */
const REPEAT_MS = 60_000;
const MOST_REPEATS = 1_000;

/** Takes a message to its end, once it may begin. `slot` is given back and taken again for pauses. */
export type Work = (message: InboundMessage, slot: Slot) => Promise<Ending>;

/** The leave to run at this moment. */
export interface Slot {
  /** Until when another try may begin, monotonic. */
  readonly until: number;
  /** Something is run from now on: it can't be said any more that nothing was done. */
  begun(): void;
  free(): void;
  /** Resolves with whether it was given: false once the signal aborts. */
  take(signal: AbortSignal): Promise<boolean>;
}

export interface DeskParts {
  clock: Clock;
  emit: Emit;
  keeper: Keeper;
  notes: Notes;
  /** Answers those that need no run, at once. */
  withoutRun(message: InboundMessage): Promise<Ending | undefined>;
  work: Work;
}

export class Desk {
  readonly #parts: DeskParts;
  readonly #drain: AbortSignal;
  readonly #slots: Slots;
  readonly #lanes = new KeyedLock();
  readonly #abortions = new Abortions();
  readonly #bell = new Bell();
  readonly #broken = Promise.withResolvers<never>();
  /** What is being answered, and who asked for it again joins in. */
  readonly #open = new Map<string, { ending: Promise<Ending>; begun: Promise<void> }>();
  readonly #repeats: Throttle;
  readonly #failed = new Map<string, { ending: Ending; until: number }>();
  #waiting = 0;

  constructor(parts: DeskParts, concurrency: number, drain: AbortSignal) {
    this.#parts = parts;
    this.#drain = drain;
    this.#slots = new Slots(concurrency);
    this.#repeats = new Throttle(parts.clock, REPEAT_MS, MOST_REPEATS);
    // Who races against it hears of it; nobody else has to.
    this.#broken.promise.catch(() => {});
  }

  /** Rejects when something ends the run: the store is broken. */
  get broken(): Promise<never> {
    return this.#broken.promise;
  }

  /** How it ended for the message; `onBegun` is called when its run begins. Never rejects. */
  async take({ message, lane }: Arrival, onBegun: () => void = () => {}): Promise<Ending> {
    const id = message.activityId;
    const open = this.#open.get(id);
    if (open !== undefined) {
      if (this.#waiting >= MOST_WAITING) return BUSY;
      this.#tellRepeat(id, true);
      void open.begun.then(onBegun);
      return this.#held(open.ending);
    }
    if (this.#drain.aborted) return RESTARTING;
    const begun = Promise.withResolvers<void>();
    void begun.promise.then(onBegun);
    const ending = this.#settle(message, lane, begun.resolve).catch((error: unknown): Ending => {
      // A disk that can't be written while we stop is no fault of the message.
      if (!(error instanceof Unwritten)) this.#broken.reject(error);
      return RESTARTING;
    });
    this.#open.set(id, { ending, begun: begun.promise });
    try {
      return await ending;
    } finally {
      this.#open.delete(id);
      if (this.#open.size === 0) this.#bell.ring();
    }
  }

  /** Resolves when nothing is being answered, or on abort. */
  async untilIdle(signal: AbortSignal): Promise<void> {
    while (this.#open.size > 0 && !signal.aborted) await this.#bell.wait(signal);
  }

  /** A repeat holds a request open as long as the one that it repeats. */
  async #held(open: Promise<Ending>): Promise<Ending> {
    this.#waiting += 1;
    try {
      return await open;
    } finally {
      this.#waiting -= 1;
    }
  }

  async #settle(
    message: InboundMessage,
    lane: string | undefined,
    begun: () => void,
  ): Promise<Ending> {
    const { keeper, notes, withoutRun } = this.#parts;
    const id = message.activityId;
    const kept = await keeper.do(() => notes.answer(id));
    const known: Ending | undefined =
      kept === undefined ? this.#failure(id) : { kind: "answer", message: kept };
    if (known !== undefined) {
      this.#tellRepeat(id, false);
      return known;
    }
    const unrun = await withoutRun(message);
    if (unrun !== undefined) return unrun;
    if (this.#waiting >= MOST_WAITING) return BUSY;
    const ending = await (lane === undefined
      ? this.#wait(message, begun, (run) => run())
      : this.#wait(message, begun, (run) => this.#lanes.run(lane, run)));
    if (ending.kind === "failed") this.#remember(id, ending);
    return ending;
  }

  /** Waits for the lane and a slot; who still waits when we stop, or for too long, is sent away. */
  async #wait(
    message: InboundMessage,
    begun: () => void,
    inLane: (run: () => Promise<void>) => Promise<void>,
  ): Promise<Ending> {
    const { clock, work } = this.#parts;
    const until = clock.monotonic() + PATIENCE_MS;
    const { promise, resolve, reject } = Promise.withResolvers<Ending>();
    /** It waits no more: its run begins, or it is sent away. */
    const over = new AbortController();
    const leave = (ending: Ending) => {
      if (over.signal.aborted) return;
      over.abort();
      resolve(ending);
    };
    const stop = () => leave(RESTARTING);
    this.#waiting += 1;
    over.signal.addEventListener("abort", () => {
      this.#waiting -= 1;
      this.#abortions.remove(this.#drain, stop);
    });
    void clock.sleep(PATIENCE_MS, over.signal).then(() => leave(BUSY));
    this.#abortions.add(this.#drain, stop);
    inLane(async () => {
      if (!(await this.#slots.take(over.signal))) return;
      // Sent away in the very instant in which it was given: nobody waits for this run any more.
      if (over.signal.aborted) return this.#slots.free();
      let held = true;
      const free = () => {
        if (held) this.#slots.free();
        held = false;
      };
      const take = async (signal: AbortSignal) => (held = await this.#slots.take(signal));
      over.abort();
      try {
        resolve(await work(message, { until, begun, free, take }));
      } finally {
        free();
      }
    }).catch(reject);
    return promise;
  }

  /** Whoever knows the address may send one message without end. */
  #tellRepeat(activityId: string, running: boolean): void {
    if (this.#repeats.due(activityId) === undefined) return;
    this.#parts.emit({ type: "push-repeat", activityId, running });
  }

  #failure(id: string): Ending | undefined {
    const failed = this.#failed.get(id);
    return failed !== undefined && this.#parts.clock.monotonic() < failed.until
      ? failed.ending
      : undefined;
  }

  #remember(id: string, ending: Ending): void {
    const now = this.#parts.clock.monotonic();
    for (const [key, { until }] of this.#failed) {
      if (until <= now || this.#failed.size >= MOST_FAILURES) this.#failed.delete(key);
    }
    this.#failed.set(id, { ending, until: now + FAILURE_MS });
  }
}
