/** What peers are called, as the platform tells it: for the log, the canvas and the backend. */
import { LATE, within, type Clock } from "../../shared/clock.ts";
import { oneLine } from "../../shared/text.ts";
import type { Platform } from "../../platform/platform.ts";
import type { BridgeEvent } from "../events.ts";
import type { Pace } from "../pace.ts";

/** A name is not worth waiting for. */
const LIMIT_MS = 3_000;
const KEEP_MS = 10 * 60_000;
/** How long a name that there was not is not asked for again, and nobody's after a failure. */
const MISS_MS = 60_000;
const MOST_NAMES = 10_000;
/** Strangers choose their names: in a line of the log they get no more than this. */
const MOST_CHARACTERS = 40;

export interface PeerNamesParts {
  platform: Pick<Platform, "peerName">;
  clock: Clock;
  pace: Pick<Pace, "spare">;
}

export class PeerNames {
  readonly #parts: PeerNamesParts;
  /** Until when each is believed, monotonic; the first asked for first. */
  readonly #names = new Map<string, { name: string | undefined; until: number }>();
  /** The platform did not answer the last time: until then it is not asked. */
  #awayUntil = 0;

  constructor(parts: PeerNamesParts) {
    this.#parts = parts;
  }

  /** One line; undefined where the platform does not tell it within 3 s. Never rejects. */
  async of(peerId: string | undefined, signal: AbortSignal): Promise<string | undefined> {
    if (peerId === undefined) return undefined;
    const { clock, pace } = this.#parts;
    const now = clock.monotonic();
    const kept = this.#names.get(peerId);
    if (kept !== undefined && now < kept.until) return kept.name;
    if (now < this.#awayUntil || signal.aborted || !pace.spare()) return kept?.name;
    const found = await this.#ask(peerId, signal);
    if (found === LATE) {
      this.#awayUntil = clock.monotonic() + MISS_MS;
      return kept?.name;
    }
    const name = oneLine(found ?? "") || undefined;
    this.#keep(peerId, name, clock.monotonic() + (name === undefined ? MISS_MS : KEEP_MS));
    return name;
  }

  /** The name, cut to what a line has room for, where it was asked for before. */
  known(peerId: string | undefined): string | undefined {
    const name = this.#names.get(peerId ?? "")?.name;
    return name === undefined ? undefined : oneLine(name, MOST_CHARACTERS);
  }

  /** The event with its peer's name, where it tells of one taken or answered. */
  introduce(event: BridgeEvent): BridgeEvent {
    const { from, to } = event as { from?: string; to?: string };
    const fromName = this.known(from ?? to);
    return fromName === undefined ? event : { ...event, fromName };
  }

  async #ask(peerId: string, signal: AbortSignal): Promise<string | undefined | typeof LATE> {
    const { platform, clock } = this.#parts;
    const abort = new AbortController();
    const stop = () => abort.abort();
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await within(clock, LIMIT_MS, platform.peerName(peerId, { signal: abort.signal }));
    } catch {
      return LATE;
    } finally {
      signal.removeEventListener("abort", stop);
      abort.abort();
    }
  }

  #keep(peerId: string, name: string | undefined, until: number): void {
    this.#names.delete(peerId);
    const [oldest] = this.#names.keys();
    if (oldest !== undefined && this.#names.size >= MOST_NAMES) this.#names.delete(oldest);
    this.#names.set(peerId, { name, until });
  }
}
