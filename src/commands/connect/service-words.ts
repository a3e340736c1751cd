/** What the service manager hears of the bridges, where it asks (systemd's sd_notify). */
import type { WorkspaceStatus } from "../../observe/status.ts";
import type { Notifier } from "../../service/notify.ts";
import type { Clock } from "../../shared/clock.ts";
import { describeStatuses } from "./status-line.ts";

/** No two changes are told sooner after each other, in ms. */
const PAUSE_MS = 1_000;

export interface ServiceWordsParts {
  notifier: Pick<Notifier, "ready" | "status" | "stopping" | "watch">;
  clock: Clock;
  /** How they are at the moment. */
  read(): readonly WorkspaceStatus[];
  /** No loop has hung, as far as can be told. */
  isAlive(): boolean;
}

export class ServiceWords {
  readonly #parts: ServiceWordsParts;
  readonly #over = new AbortController();
  #due = false;
  #isReady = false;
  #isStopping = false;

  constructor(parts: ServiceWordsParts) {
    this.#parts = parts;
    void parts.notifier.watch(() => parts.isAlive(), this.#over.signal);
  }

  /** Something may be otherwise than it was told. That one is up is told at once. */
  changed(): void {
    if (this.#over.signal.aborted) return;
    const statuses = this.#parts.read();
    if (!this.#isReady && statuses.some(isUp)) {
      this.#isReady = true;
      this.#parts.notifier.ready(words(statuses));
    } else if (!this.#isStopping && this.#isReady && statuses.every(isOver)) {
      this.#isStopping = true;
      this.#parts.notifier.stopping("finishing what is in hand");
    } else if (!this.#due) void this.#tellSoon();
  }

  /** Nothing more is told. */
  end(): void {
    this.#over.abort(ENDED);
  }

  async #tellSoon(): Promise<void> {
    const { clock, notifier, read } = this.#parts;
    this.#due = true;
    await clock.sleep(PAUSE_MS, this.#over.signal);
    this.#due = false;
    if (!this.#over.signal.aborted && !this.#isStopping) notifier.status(words(read()));
  }
}

const UP: ReadonlySet<string> = new Set(["connected", "troubled", "waiting", "standby"]);

/** One that waits for another bridge to end does all that it can do, and may do so for days. */
function isUp({ state }: WorkspaceStatus): boolean {
  return UP.has(state);
}

/** One that has failed may be tried again. */
function isOver({ state, retryAt }: WorkspaceStatus): boolean {
  if (state === "failed") return retryAt === undefined;
  return state === "draining" || state === "stopped";
}

/** As in the last row of a terminal, without its lamp. */
function words(statuses: readonly WorkspaceStatus[]): string {
  return describeStatuses(statuses).replace(/^\S+ /, "");
}

/** A reason of its own: the default one is an error with a stack. */
const ENDED = Symbol("ended");
