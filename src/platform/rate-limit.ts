import type { RateLimit } from "./platform.ts";

/** The platform's rate limit from an answer's headers (contract 1.8); undefined where it names none. */
export function readRateLimit(headers: Headers): RateLimit | undefined {
  const [limit, remaining] = ["x-ratelimit-limit", "x-ratelimit-remaining"].map((name) =>
    /^\d{1,9}$/.test(headers.get(name) ?? "") ? Number(headers.get(name)) : undefined,
  );
  if (limit === undefined || remaining === undefined || limit === 0) return undefined;
  return { limit, remaining };
}
