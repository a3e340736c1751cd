/**
 * The workspace's event stream as an alarm clock (contract 2.11): each row that is logged is told of at
 * once, and the feed is looked at. Nothing is taken from an event but that: one that is lost, late, sent
 * twice or made up costs a look, and no message. While the stream proves itself, by bringing our own
 * heartbeats back, there need be few other looks.
 */
import { nextDelay } from "../../shared/backoff.ts";
import { Bell } from "../../shared/bell.ts";
import type { Clock } from "../../shared/clock.ts";
import { PlatformError, type Platform, type StreamSign } from "../../platform/platform.ts";
import type { Emit, LookReason, WakeState } from "../events.ts";
import type { Naps } from "../naps.ts";
import type { OpenRequests } from "../open-requests.ts";
import { Echoes } from "./echoes.ts";
import { Trust } from "./trust.ts";

/** A platform without a stream may be updated; a process with too many may lose some. */
const ABSENT_MS = 30 * 60_000;
/** A stream that lasted so long, in ms, and had proven itself, has ended for a new reason. */
const LASTING_MS = 30_000;
/** Where the rate limit has no room for a stream, it is looked for again after this. */
const NO_ROOM_MS = 10_000;
/** So many frames in a row that are no event: whatever this is, it is not the platform's stream. */
const MOST_JUNK = 200;

export interface WakeParts {
  platform: Pick<Platform, "events">;
  clock: Clock;
  random(): number;
  emit: Emit;
  naps: Naps;
  requests: OpenRequests;
  /** Whether the rate limit has room for a call that nobody waits for; it counts as made. */
  spare(): boolean;
  /** The stream asks for a heartbeat, to prove itself by it. */
  prod(): void;
  /** The token is about to be another one. */
  onRotated(): void;
}

export class Wake {
  readonly #parts: WakeParts;
  readonly #echoes: Echoes;
  readonly #trust: Trust;
  /** Rings when there may be something to fetch. */
  readonly bell = new Bell();
  #state: WakeState = "off";
  /** Of the stream that is open, or being opened. */
  #channel: AbortController | undefined;
  /** Why we closed it ourselves. */
  #closed: StreamEnd | undefined;
  #junk = 0;
  /** Why the feed is to be looked at, since the last look began. */
  #hint: LookReason | undefined;
  readonly #again = new Bell();

  constructor(parts: WakeParts) {
    this.#parts = parts;
    const { clock, emit } = parts;
    this.#echoes = new Echoes(clock, {
      doubt: () => this.#become("open", "it has not told of our last heartbeat"),
      lost: (reason) => this.#close({ reason }),
    });
    this.#trust = new Trust(clock, (forMs) => emit({ type: "wake-missed", forMs }));
  }

  /** Whether events can be relied on, so that there need be few looks beside those they ask for. */
  get isRelaxed(): boolean {
    return this.#state === "healthy" && this.#trust.holds;
  }

  /** Whether a heartbeat would prove the stream. */
  get wantsBeat(): boolean {
    return this.#echoes.wantsBeat;
  }

  /** A heartbeat is being sent; the function is called once the platform has taken it. */
  beat(): () => void {
    return this.#echoes.expect();
  }

  /** The feed is looked at now, for that reason; what it gives is to be told how many new messages were there. */
  look(why: LookReason): (messages: number) => void {
    this.#hint = undefined;
    const stream = this.#state === "healthy" ? this.#channel?.signal : undefined;
    const found = this.#trust.look();
    return (messages) => {
      if (stream !== undefined && why === "time") found(messages, stream);
    };
  }

  /** Why there may be something new since the last look began; undefined where nothing speaks for it. */
  get reason(): LookReason | undefined {
    return this.#hint;
  }

  /** There may be something new. What an event says goes before all else. */
  hint(why: "event" | "stream" | "busy"): void {
    if (this.#hint !== "event") this.#hint = why;
    this.bell.ring();
  }

  /** Opens it anew at once: its connection may be dead, or its token is another one now. */
  reopen(): void {
    // Until it is proven anew, nothing is made of what it does not tell.
    if (this.#state === "healthy") this.#state = "open";
    this.#close({ reason: "it is opened anew", isOurs: true });
    this.#again.ring();
  }

  /** Listens until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { naps, random } = this.#parts;
    for (let failures = 0; !signal.aborted;) {
      if (!this.#parts.spare()) {
        await naps.nap(NO_ROOM_MS * (0.5 + random()), signal);
        continue;
      }
      const end = await this.#listen(signal);
      if (signal.aborted) break;
      if (end.isOurs) continue;
      failures = end.hasLasted ? 1 : failures + 1;
      const inMs = end.isAbsent
        ? ABSENT_MS * (0.9 + random() / 5)
        : nextDelay(failures, random, end.retryAfterMs);
      this.#become(end.isAbsent ? "off" : "away", end.reason, inMs);
      // What came meanwhile was not told of.
      this.hint("stream");
      if (await naps.napUntil(this.#again, inMs, signal)) failures = 0;
    }
    this.#state = "off";
  }

  /** Listens to one stream to its end; says what kind of end that was. */
  async #listen(signal: AbortSignal): Promise<StreamEnd> {
    const { platform, requests } = this.#parts;
    const release = requests.take("stream");
    if (release === undefined) return { reason: crowded(requests), isAbsent: true };
    const began = this.#parts.clock.monotonic();
    const channel = new AbortController();
    const stop = () => channel.abort();
    signal.addEventListener("abort", stop, { once: true });
    this.#channel = channel;
    this.#closed = undefined;
    this.#junk = 0;
    let end: StreamEnd = { reason: "the platform ended it" };
    try {
      await platform.events((sign) => this.#heard(sign), { signal: channel.signal });
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      const { absent, retryAfterMs } = error.failure;
      end = { reason: error.message, isAbsent: absent === true, retryAfterMs };
    } finally {
      signal.removeEventListener("abort", stop);
      channel.abort();
      this.#channel = undefined;
      release();
    }
    const lastedMs = this.#parts.clock.monotonic() - began;
    const hasLasted = this.#echoes.end() && lastedMs >= LASTING_MS;
    return { ...(this.#closed ?? end), hasLasted };
  }

  #heard(sign: StreamSign): void {
    switch (sign.kind) {
      case "open":
        if (this.#channel !== undefined) this.#echoes.begin(this.#channel.signal);
        this.#become("open", undefined);
        this.#parts.prod();
        // Since the last look there may have been rows that nobody told of.
        return this.hint("stream");
      case "comment":
        return;
      case "junk":
        this.#junk += 1;
        if (this.#junk > MOST_JUNK) this.#close({ reason: "what comes on it is no event" });
        return;
      case "event":
        this.#junk = 0;
        return this.#happened(sign.type, sign.activityType);
    }
  }

  #happened(type: string, activityType: string | undefined): void {
    this.#echoes.heard(type);
    switch (type) {
      case "WORKSPACE_HEARTBEAT":
        return this.#become("healthy", undefined);
      case "ACTIVITY_LOGGED":
        if (activityType !== undefined && activityType !== "a2a_receive") return;
        this.#trust.told();
        return this.hint("event");
      case "EXTERNAL_CREDENTIALS_ROTATED":
        return this.#parts.onRotated();
    }
  }

  #become(state: WakeState, reason: string | undefined, inMs?: number): void {
    const repeats = state === this.#state && state !== "away";
    this.#state = state;
    if (!repeats || inMs !== undefined) this.#parts.emit({ type: "wake", state, reason, inMs });
  }

  #close(end: StreamEnd): void {
    this.#closed ??= end;
    this.#channel?.abort();
  }
}

interface StreamEnd {
  reason: string;
  /** There is none to be had for a while. */
  isAbsent?: boolean;
  /** We ended it, and want another at once. */
  isOurs?: boolean;
  /** For a while it was what it should be. */
  hasLasted?: boolean;
  retryAfterMs?: number | undefined;
}

function crowded({ mostStreams }: OpenRequests): string {
  return `this process may hold ${mostStreams} of them open; BUN_CONFIG_MAX_HTTP_REQUESTS in its environment allows more`;
}
