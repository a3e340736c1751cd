/**
 * The requests that this process holds open for long: event streams, and answers that a peer is slow to
 * take. Bun makes 256 requests at once, or as many as BUN_CONFIG_MAX_HTTP_REQUESTS says when the process
 * starts; one more waits for the end of another, and a heartbeat must never have to.
 */
import { Bell } from "../shared/bell.ts";

/** What Bun allows if nobody says otherwise. */
export const BUN_REQUESTS = 256;
/** And at most, whatever is said. */
const MOST_REQUESTS = 65_336;
/** For calls that are soon over: heartbeats, pages, posts. */
const SHORT = 32;
/** Of what may be held, kept for answers: a stream only saves time. */
const FOR_POSTS = 24;

/** What is held: an event stream, or a post. */
export type Held = "stream" | "post";

/** How many requests Bun makes at once, from the environment that the process was started with. */
export function requestCap(env: Readonly<Record<string, string | undefined>>): number {
  const text = env["BUN_CONFIG_MAX_HTTP_REQUESTS"] ?? "";
  const told = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  return told === 0 ? BUN_REQUESTS : Math.min(told, MOST_REQUESTS);
}

export class OpenRequests {
  readonly #most: number;
  /** Rings when a place was given back. */
  readonly freed = new Bell();
  #streams = 0;
  #posts = 0;

  /** `cap`: as {@link requestCap} gives it. `runs`: requests that the backends' runs may hold together. */
  constructor(cap: number = BUN_REQUESTS, runs = 0) {
    this.#most = Math.max(1, cap - SHORT - runs);
  }

  /** How many streams may be open at once. */
  get mostStreams(): number {
    return Math.max(0, this.#most - FOR_POSTS);
  }

  /** Whether one more of this kind may be held. */
  hasRoom(kind: Held): boolean {
    if (this.#streams + this.#posts >= this.#most) return false;
    return kind === "post" || this.#streams < this.mostStreams;
  }

  /** Takes a place, where there is one; gives the way to give it back, which may be called twice. */
  take(kind: Held): (() => void) | undefined {
    if (!this.hasRoom(kind)) return undefined;
    const add = (n: number) => void (kind === "stream" ? (this.#streams += n) : (this.#posts += n));
    add(1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      add(-1);
      this.freed.ring();
    };
  }
}
