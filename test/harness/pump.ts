import type { ManualClock } from "./clock.ts";

/** The pause of the feed's loop in tests that move the clock by hand. */
export const LOOK_MS = 5;

/**
 * Moves the clock by `stepMs` whenever the bridge has nothing to do but wait for its next look at
 * the feed, until the condition holds. Steps of more than a minute would look like a loop that hangs.
 */
export async function pump(
  clock: ManualClock,
  condition: () => boolean,
  stepMs = LOOK_MS,
): Promise<void> {
  while (!condition()) {
    await clock.untilSleeping((ms) => ms <= LOOK_MS);
    await clock.advance(stepMs);
  }
}
