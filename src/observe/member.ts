/** One workspace of a process, as those who look at it see it. */
import type { BridgeEvent } from "../bridge/events.ts";
import type { Lifecycle } from "../fleet/lifecycle.ts";
import type { Clock } from "../shared/clock.ts";
import type { Check } from "./checks.ts";
import { Meter } from "./meter.ts";
import { Monitor, type Watched } from "./monitor.ts";
import type { StoreCounts, WorkspaceStatus } from "./status.ts";
import { StoreGauge } from "./store-gauge.ts";

export interface MemberInfo extends Watched {
  /** What its store holds; may reject, or hang. */
  counts(): Promise<StoreCounts>;
  /** Which of its loops should have been heard of and was not, in a sentence. */
  overdue?(): string | undefined;
}

export class Member {
  readonly meter = new Meter();
  readonly #info: MemberInfo;
  readonly #monitor: Monitor;
  readonly #gauge: StoreGauge;
  readonly #onChange: () => void;

  /** `onChange` is called when something is to be seen soon. */
  constructor(info: MemberInfo, clock: Clock, onChange: () => void) {
    this.#info = info;
    this.#monitor = new Monitor(info, clock);
    this.#gauge = new StoreGauge(clock, () => info.counts());
    this.#onChange = onChange;
  }

  get isPaused(): boolean {
    return this.#monitor.isPaused;
  }

  hear(event: BridgeEvent): void {
    this.#monitor.hear(event);
    this.meter.hear(event);
    if (!ROUTINE.has(event.type)) this.#onChange();
  }

  lifecycle(change: Lifecycle): void {
    this.#monitor.lifecycle(change);
    this.#onChange();
  }

  /** Asks the store; resolves soon, whatever it does. */
  async count(): Promise<void> {
    if (!this.#monitor.isOpen) return;
    const counts = await this.#gauge.read();
    // It may have ended meanwhile.
    if (this.#monitor.isOpen) this.#monitor.counted(counts);
  }

  status(): WorkspaceStatus {
    return this.#monitor.status();
  }

  checks(): Check[] {
    return this.#monitor.checks();
  }

  overdue(): string | undefined {
    return this.#info.overdue?.() ?? this.#monitor.overdue();
  }
}

/** They come all day, and change nothing that can't wait for the next regular look. */
const ROUTINE: ReadonlySet<BridgeEvent["type"]> = new Set([
  "beat",
  "looked",
  "fetched",
  "entered",
  "cursor-saved",
  "reply-kept",
  "backend-note",
  "backend-stderr",
  "skipped",
  "push-repeat",
  "push-refused",
]);
