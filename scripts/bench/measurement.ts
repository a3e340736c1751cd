/** What every measurement has in common. */
import type { Workbench } from "./workbench.ts";

/** One line of the table. */
export interface Figure {
  /** What was measured, and under which conditions. */
  what: string;
  measured: string;
  /** What it is meant to be; empty where nothing is promised. */
  aim: string;
}

export interface Measurement {
  /** Picks it on the command line. */
  name: string;
  measure(bench: Workbench): Promise<Figure[]>;
}

/** The middle one, or the mean of the two in the middle; NaN where there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? at(half) : (at(half - 1) + at(half)) / 2;
}

/** The least value that so many percent of all do not exceed; NaN where there is none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? Number.NaN;
}

/** The middle of the rounds with the range around it: `1.42 (1.38 to 1.51)`. */
export function spread(values: readonly number[], digits: number): string {
  const text = (value: number) => value.toFixed(digits);
  return `${text(median(values))} (${text(Math.min(...values))} to ${text(Math.max(...values))})`;
}
