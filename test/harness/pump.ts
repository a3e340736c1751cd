import type { ManualClock } from "./clock.ts";

/** The pause of the feed's loop in tests that move the clock by hand. */
export const LOOK_MS = 5;

/**
 * Moves the clock by `stepMs` whenever the bridge has nothing to do but wait for its next look at
 * the feed, until the condition holds. Steps of more than a minute would look like a loop that hangs;
 * and many large ones while an answer is on its way, like a peer that holds it open: with `bridge`, that
 * is waited for.
 */
export async function pump(
  clock: ManualClock,
  condition: () => boolean,
  stepMs = LOOK_MS,
  bridge?: { untilPosted(): Promise<void> },
): Promise<void> {
  while (!condition()) {
    await bridge?.untilPosted();
    // By its whole length: the rest of a longer one may be as short.
    await clock.untilSleeping((_, asked) => asked <= LOOK_MS);
    await clock.advance(stepMs);
  }
}
