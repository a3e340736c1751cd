/** Requests per minute, counted in fixed windows (contract 1.8). */
import type { Clock } from "../shared/clock.ts";
import { bearer } from "./auth.ts";
import { sha256 } from "./token-store.ts";

export const WINDOW_MS = 60_000;

export interface Verdict {
  allowed: boolean;
  limit: number;
  remaining: number;
  /** Whole seconds until the window ends; 0 within its last second. */
  resetSeconds: number;
}

export class RateLimiter {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #windows = new Map<string, { endsAt: number; count: number }>();
  #nextSweep = 0;

  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Counts a request of this bucket. */
  take(bucket: string): Verdict {
    const now = this.#clock.now();
    let window = this.#windows.get(bucket);
    if (window === undefined || now >= window.endsAt) {
      this.#sweep(now);
      window = { endsAt: now + WINDOW_MS, count: 0 };
      this.#windows.set(bucket, window);
    }
    window.count++;
    return {
      allowed: window.count <= this.#limit,
      limit: this.#limit,
      remaining: Math.max(0, this.#limit - window.count),
      resetSeconds: Math.floor((window.endsAt - now) / 1_000),
    };
  }

  /** Buckets that are remembered. */
  get size(): number {
    return this.#windows.size;
  }

  /** Once in a window, so that made-up tokens cost neither memory for long nor much time. */
  #sweep(now: number): void {
    if (now < this.#nextSweep) return;
    this.#nextSweep = now + WINDOW_MS;
    for (const [bucket, { endsAt }] of this.#windows) {
      if (now >= endsAt) this.#windows.delete(bucket);
    }
  }
}

/** What a request counts against: its organisation, else its token, else the caller's address. */
export function bucketOf(request: Request, address: string): string {
  const organisation = request.headers.get("x-molecule-org-id");
  if (organisation) return `org:${organisation}`;
  const token = bearer(request);
  return token === undefined ? `ip:${address}` : `token:${sha256(token)}`;
}

/** The headers of every answer while there is a limit. */
export function rateHeaders({ limit, remaining, resetSeconds }: Verdict): [string, string][] {
  return [
    ["X-RateLimit-Limit", String(limit)],
    ["X-RateLimit-Remaining", String(remaining)],
    ["X-RateLimit-Reset", String(resetSeconds)],
  ];
}
