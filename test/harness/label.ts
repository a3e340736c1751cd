import { oneLine } from "../../src/shared/text.ts";

/** Each value behind its name for the title of a test: printable, on one line, not too long. */
export function labelled<T>(values: T[]): [label: string, value: T][] {
  return values.map((value) => [label(value), value]);
}

/** A value as a part of a test's title. */
export function label(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : Bun.inspect(value);
  return oneLine(text.replace(/\s+/g, " "), 60);
}
