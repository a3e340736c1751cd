/** What one workspace's bridge tells, folded into how it is at the moment. Its memory does not grow. */
import type { BridgeEvent, WakeState } from "../bridge/events.ts";
import type { Lifecycle } from "../fleet/lifecycle.ts";
import type { Clock } from "../shared/clock.ts";
import { formatDuration } from "../shared/duration.ts";
import { messageOf } from "../shared/errors.ts";
import { oneLine } from "../shared/text.ts";
import { type Check, unregistered } from "./checks.ts";
import { feedLimit, heartbeatLimit } from "./freshness.ts";
import { Outcomes } from "./outcomes.ts";
import { Pulse } from "./pulse.ts";
import type { StoreCounts, WorkspaceStatus } from "./status.ts";
import { Troubles } from "./troubles.ts";

/** What is served, and how often the bridge is to be heard of. */
export interface Watched extends Pick<WorkspaceStatus, "workspaceId" | "backend" | "mode"> {
  /** What its agent is called, where that is known. */
  name?: string | undefined;
  /** Pause between two looks at an idle feed, in ms; a second if not given. */
  intervalMs?: number;
  /** Pause between two heartbeats, in ms; 30 s if not given. */
  heartbeatMs?: number;
}

/** Characters of the reason of a failure. */
const LONGEST_REASON = 300;

type State = Exclude<WorkspaceStatus["state"], "troubled">;

export class Monitor {
  readonly #watched: Required<Watched>;
  readonly #clock: Clock;
  readonly #troubles: Troubles;
  readonly #outcomes = new Outcomes();
  readonly #pulse: Pulse;
  /** Messages whose run has begun and not ended. */
  readonly #running = new Set<string>();
  #state: State = "starting";
  #wake: WakeState = "off";
  /** What the platform's rate limit leaves, where many share it. */
  #leastPauseMs = 0;
  #failure: string | undefined;
  #retryAt: number | undefined;
  #connectedAt: Instant | undefined;
  #beat: Instant | undefined;
  #look: Instant | undefined;
  #messageAt: number | undefined;
  #counts: StoreCounts | undefined;

  constructor(watched: Watched, clock: Clock) {
    this.#watched = { name: undefined, intervalMs: 1_000, heartbeatMs: 30_000, ...watched };
    this.#clock = clock;
    this.#troubles = new Troubles(clock);
    this.#pulse = new Pulse(clock);
  }

  get workspaceId(): string {
    return this.#watched.workspaceId;
  }

  /** The backend can't work. */
  get isPaused(): boolean {
    return this.#troubles.of("backend") !== undefined;
  }

  hear(event: BridgeEvent): void {
    this.#troubles.hear(event);
    this.#outcomes.hear(event);
    this.#pulse.hear(event);
    switch (event.type) {
      case "lease-lost":
      case "handed-over":
      case "lock-waiting":
        // Of a lock that is not shared one is told by "lock-waiting" alone.
        this.#end(event.type === "lock-waiting" && !event.shared ? "waiting" : "standby");
        break;
      case "connected":
        this.#state = "connected";
        this.#connectedAt = this.#instant();
        break;
      case "beat":
        this.#beat = this.#instant();
        break;
      case "looked":
        this.#look = this.#instant();
        break;
      case "wake":
        this.#wake = event.state;
        break;
      case "rate-shared":
        this.#leastPauseMs = event.idleMs;
        break;
      case "taken":
        this.#messageAt = this.#clock.now();
        this.#running.add(event.activityId);
        break;
      case "ran":
      case "answered":
      case "run-failed":
        this.#running.delete(event.activityId);
        break;
      case "draining":
        this.#state = "draining";
        break;
      case "stopped":
        this.#end("stopped");
        break;
    }
  }

  /** What is told of the bridge by the one who runs it. */
  lifecycle(change: Lifecycle): void {
    switch (change.state) {
      case "starting":
        this.#end("starting");
        // What an earlier try did says nothing of this one.
        this.#connectedAt = this.#beat = this.#look = undefined;
        break;
      case "connected":
        // The bridge tells it itself.
        break;
      case "failed":
        this.#fail(change.error);
        this.#retryAt = change.retryAt;
        break;
      case "ended":
        if (change.error === undefined) this.#end("stopped");
        else this.#fail(change.error);
        break;
    }
  }

  /** The store is open. */
  get isOpen(): boolean {
    return this.#state === "connected" || this.#state === "draining";
  }

  /** What the store was found to hold; undefined where it could not be asked. */
  counted(counts: StoreCounts | undefined): void {
    this.#counts = counts;
  }

  status(): WorkspaceStatus {
    const { workspaceId, name, backend, mode } = this.#watched;
    const troubles = this.#allTroubles();
    const troubled = this.#state === "connected" && troubles.length > 0;
    return {
      workspaceId,
      name,
      backend,
      mode,
      state: troubled ? "troubled" : this.#state,
      troubles,
      retryAt: this.#retryAt,
      connectedAt: this.#connectedAt?.at,
      lastBeatAt: this.#beat?.at,
      lastLookAt: this.#look?.at,
      lastMessageAt: this.#messageAt,
      wake: this.#wake,
      running: this.#running.size,
      messages: this.#outcomes.counts,
      store: this.#counts,
    };
  }

  /** Whether messages are taken and answered, one thing after the other. */
  checks(): Check[] {
    // Without its store nothing is taken, nor taken over.
    const reason = this.#failure ?? unregistered(this.#state) ?? this.#troubles.of("store");
    const registered: Check = { name: "registered", reason };
    if (registered.reason !== undefined || this.#state === "standby") return [registered];
    const checks: Check[] = [registered];
    // In push mode nothing is read.
    if (this.#watched.mode === "poll") checks.push({ name: "feed", reason: this.#feedReason() });
    checks.push({ name: "heartbeat", reason: this.#heartbeatReason() });
    checks.push({ name: "backend", reason: this.#troubles.of("backend") });
    return checks;
  }

  /** Which loop should have been heard of and was not, as a sentence; undefined where none. */
  overdue(): string | undefined {
    const silent = this.#pulse.overdue(this.#watched.heartbeatMs);
    if (silent === undefined) return undefined;
    return `the heartbeat loop of ${this.workspaceId} has not been heard of for ${silent}`;
  }

  #allTroubles(): string[] {
    if (this.#state === "failed") return this.#failure === undefined ? [] : [this.#failure];
    if (!this.isOpen) return [];
    const told = this.#troubles.list();
    if (told.length > 0 || this.#state === "draining") return told;
    // Silent, and nothing has told why.
    const silent = this.checks().map(({ reason }) => reason);
    return silent.filter((reason) => reason !== undefined);
  }

  #feedReason(): string | undefined {
    const pauseMs = Math.max(this.#watched.intervalMs, this.#leastPauseMs);
    const limitMs = feedLimit(this.#wake, pauseMs);
    const silentMs = this.#silence(this.#look);
    if (silentMs <= limitMs) return undefined;
    const why = this.#troubles.of("feed") ?? this.#troubles.of("journal");
    return why ?? `the feed was not read for ${whole(silentMs)}`;
  }

  #heartbeatReason(): string | undefined {
    const ended = this.#troubles.of("presence");
    if (ended !== undefined) return ended;
    const silentMs = this.#silence(this.#beat);
    if (silentMs <= heartbeatLimit(this.#watched.heartbeatMs)) return undefined;
    return this.#troubles.of("heartbeat") ?? `no heartbeat was taken for ${whole(silentMs)}`;
  }

  /** Running time since then, or since it was connected: time asleep is nobody's fault. */
  #silence(last: Instant | undefined): number {
    const from = last ?? this.#connectedAt;
    return from === undefined ? Infinity : this.#clock.monotonic() - from.monotonic;
  }

  #fail(error: unknown): void {
    this.#end("failed");
    this.#failure = oneLine(messageOf(error), LONGEST_REASON);
  }

  #end(state: State): void {
    this.#state = state;
    this.#wake = "off";
    this.#failure = undefined;
    this.#retryAt = undefined;
    this.#pulse.stop();
    this.#counts = undefined;
    this.#running.clear();
    this.#troubles.clear();
  }

  #instant(): Instant {
    return { at: this.#clock.now(), monotonic: this.#clock.monotonic() };
  }
}

/** By the wall, for people, and by the time that the machine was awake. */
interface Instant {
  at: number;
  monotonic: number;
}

function whole(ms: number): string {
  return formatDuration(Math.floor(ms / 1_000) * 1_000);
}
