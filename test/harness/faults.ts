/** What may befall a request on its way to the platform and back. */

/**
 * - `reset-before`: the connection breaks, and the platform hears nothing;
 * - `reset-after`: the platform has acted, and the connection breaks in place of its answer;
 * - `limited`: 429 with `Retry-After: 0` (contract 1.8), not passed on;
 * - `down`: 502 or 503 of something in between, not passed on;
 * - `lost`: 502 of something in between after the platform has acted;
 * - `cut`: the answer's body ends early, with its connection;
 * - `broken`: the answer's body is half of the JSON, under a fitting Content-Length;
 * - `page`: a web page under 200; `no-page`: one under 404 (contract 1.6); both not passed on.
 */
export const FAULTS = [
  "reset-before",
  "reset-after",
  "limited",
  "down",
  "lost",
  "cut",
  "broken",
  "page",
  "no-page",
] as const;

export type Fault = (typeof FAULTS)[number];

/** How often each befalls a request, 0 to 1. */
export type FaultRates = Record<Fault, number>;

export const RATES: FaultRates = {
  "reset-before": 0.03,
  "reset-after": 0.04,
  // A good deal rarer, since each costs the second that a bridge waits at least.
  limited: 0.01,
  down: 0.03,
  lost: 0.03,
  cut: 0.02,
  broken: 0.02,
  page: 0.015,
  "no-page": 0.015,
};

/** So many requests are held up, beside what else befalls them, for at most so long. */
const DELAYED = 0.15;
const LONGEST_DELAY_MS = 250;

/** What is to befall one request. */
export interface Fate {
  delayMs: number;
  fault: Fault | undefined;
  /** [0, 1): where a choice is left. */
  dice: number;
}

/** Draws a fate; always the same number of draws, so that requests do not change each other's. */
export function drawFate(random: () => number, rates: FaultRates): Fate {
  const [held, delay, which, dice] = [random(), random(), random(), random()];
  const delayMs = held < DELAYED ? delay * LONGEST_DELAY_MS : 0;
  let below = 0;
  const fault = FAULTS.find((name) => which < (below += rates[name]));
  return { delayMs, fault, dice };
}
