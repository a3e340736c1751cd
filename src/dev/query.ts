/** Reads the query of a request. */
import { parseTimestamp } from "../shared/timestamp.ts";
import { refuse } from "./answers.ts";

/** A whole number; 0 when it is absent or none. */
export function readCount(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? "";
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

/** A time as milliseconds since 1970; undefined when it is absent or empty, 400 when it is none. */
export function readTime(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) || undefined;
  if (text === undefined) return undefined;
  const ns = parseTimestamp(text) ?? refuse(400, `${name} must be an RFC 3339 time`);
  return Number(ns / 1_000_000n);
}
