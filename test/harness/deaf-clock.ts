import { type Clock, systemClock } from "../../src/shared/clock.ts";

/** From here on, in milliseconds, a pause is one between two looks by time. */
const LOOK_MS = 300;

/** The system's clock, on which looks by time never come: who hears of something was told of it. */
export const deafClock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms < LOOK_MS ? ms : 3_600_000, signal),
};
