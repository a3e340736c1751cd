/** What is wrong with a bridge that is connected: from the event that says so to the one that ends it. */
import type { BridgeEvent } from "../bridge/events.ts";
import type { Clock } from "../shared/clock.ts";
import { oneLine } from "../shared/text.ts";

/** The worst first. */
const ORDER = [
  "presence",
  "backend",
  "token",
  "heartbeat",
  "feed",
  "journal",
  "store",
  "disk",
  "budget",
  "push",
] as const;

export type TroubleKind = (typeof ORDER)[number];

/** Characters of a clause. */
const LONGEST = 300;

export class Troubles {
  readonly #clock: Pick<Clock, "now">;
  readonly #open = new Map<TroubleKind, { clause: string; since: number }>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  hear(event: BridgeEvent): void {
    switch (event.type) {
      case "heartbeat-ended":
        return this.#begin("presence", `heartbeats have ended: ${event.reason}`);
      case "heartbeat-failed":
        return this.#begin("heartbeat", `heartbeats fail: ${event.reason}`);
      case "beat":
      case "heartbeat-recovered":
        return this.#end("heartbeat", "token");
      case "feed-failed":
        return this.#begin("feed", `the feed can't be read: ${event.reason}`);
      case "looked":
      case "feed-recovered":
        return this.#end("feed", "token");
      case "token-refused":
        return this.#begin("token", `the platform refuses the token from ${event.origin}`);
      case "token-changed":
        return this.#end("token");
      case "backend-paused":
      case "backend-still-paused":
        return this.#begin("backend", `the backend can't work: ${event.reason}`);
      case "backend-resumed":
        return this.#end("backend");
      case "journal-full":
        return this.#begin("journal", "the journal is full, so nothing more is fetched");
      case "journal-room":
        return this.#end("journal");
      case "save-failed":
        return this.#begin("disk", `progress can't be saved: ${event.reason}`);
      case "save-recovered":
        return this.#end("disk");
      case "store-away":
        return this.#begin("store", `the shared store is away: ${event.reason}`);
      case "store-back":
        return this.#end("store");
      case "budget-spent":
        return this.#begin("budget", "the day's budget is spent");
      case "budget-renewed":
        return this.#end("budget");
      case "push-doubt":
        return this.#begin("push", `pushed messages may not arrive: ${event.reason}`);
      case "push-reached":
      case "push-secured":
      // What was doubted of the address itself, before, is advice: it stays as it is.
      case "connected":
        return this.#end("push");
      default:
        return;
    }
  }

  /** None is left. */
  clear(): void {
    this.#open.clear();
  }

  /** The clause of this one, with its beginning; undefined where all is well with it. */
  of(kind: TroubleKind): string | undefined {
    const found = this.#open.get(kind);
    return found === undefined ? undefined : `${found.clause} (since ${timeOf(found.since)})`;
  }

  /** All clauses, the worst first. */
  list(): string[] {
    return ORDER.map((kind) => this.of(kind)).filter((clause) => clause !== undefined);
  }

  #begin(kind: TroubleKind, text: string): void {
    const since = this.#open.get(kind)?.since ?? this.#clock.now();
    this.#open.set(kind, { clause: oneLine(text, LONGEST), since });
  }

  #end(...kinds: TroubleKind[]): void {
    for (const kind of kinds) this.#open.delete(kind);
  }
}

/** To the second (RFC 3339): it does not change as time goes by, so that nothing has to be told again. */
function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
