/** How long ago something was, for a glance at a table. */
import { parseTimestamp } from "../shared/timestamp.ts";

/**
 * "5m ago" for a time (RFC 3339) and the present, in milliseconds since 1970; "in 5m" for one to come.
 * Undefined for what is no time, as of something that never was: a table shows that as it shows nothing.
 */
export function age(iso: unknown, now: number): string | undefined {
  const ns = parseTimestamp(iso);
  if (ns === undefined) return undefined;
  const ms = now - Number(ns / 1_000_000n);
  // Two clocks are never quite the same.
  if (ms > -CLOCKS_APART_MS && ms < 1_000) return "now";
  const far = roughly(Math.abs(ms) / 1_000);
  return ms < 0 ? `in ${far}` : `${far} ago`;
}

/** By so much the clock that told the time may be ahead of ours. */
const CLOCKS_APART_MS = 30_000;

const UNITS: readonly (readonly [name: string, seconds: number])[] = [
  ["y", 365 * 86_400],
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
];

/** Rounded down, as people count their age: 119 seconds are one minute. */
function roughly(seconds: number): string {
  const [name, length] = UNITS.find(([, unit]) => seconds >= unit) ?? ["s", 1];
  return `${Math.floor(seconds / length)}${name}`;
}
