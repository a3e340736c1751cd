import { oneLine } from "../../shared/text.ts";
import type { Choice } from "./offer.ts";
import type { Row, Tables } from "./tables.ts";

/** How a shell writes the tables, and the functions that look things up in them. */
export interface Dialect {
  /** The script, but for a line `# <tables>`. */
  readonly runtime: string;
  /** A function that finds a row by its key; it fails where there is none. */
  table(name: keyof Tables, rows: readonly Row[]): string;
}

/** The script with a part of it in the place of a line `# <name>`. */
export function withPart(runtime: string, name: string, part: string): string {
  const [head, tail] = runtime.split(`# <${name}>\n`);
  if (head === undefined || tail === undefined) throw new Error(`no place for <${name}>`);
  return head + part + tail;
}

/** Longer ones are cut: a terminal has one line for each. */
const SUMMARY_MAX = 100;

/** A choice's summary as one short line; empty if it has none. */
export function summaryOf({ summary = "" }: Choice): string {
  return oneLine(summary, SUMMARY_MAX);
}

/** The word and its summary, parted by a tab; the word alone if it has none. */
export function tabbed(choice: Choice): string {
  const summary = summaryOf(choice);
  return summary === "" ? choice.value : `${choice.value}\t${summary}`;
}
