import { oneLine, printable } from "../shared/text.ts";
import { align } from "./columns.ts";
import type { Io } from "./output.ts";

export const FORMATS = ["table", "json", "yaml"] as const;

export type Format = (typeof FORMATS)[number];

/** A column of a table: its title and what it shows of a row. */
export interface Column<T> {
  title: string;
  of: (row: T) => unknown;
}

/**
 * Prints data on standard output: a list as a table, one record as a line for each field, or either
 * as JSON or YAML. Without columns a table shows the fields that it finds.
 */
export function printData<T>(
  io: Io,
  data: T | readonly T[],
  format: Format,
  columns?: readonly Column<T>[],
): Promise<void> {
  return io.out(renderData(data, format, columns));
}

/** The text that {@link printData} prints. */
export function renderData<T>(
  data: T | readonly T[],
  format: Format,
  columns?: readonly Column<T>[],
): string {
  if (format === "table") return ended(table(data, columns).join("\n"));
  const json = JSON.stringify(data, null, 2) ?? "null";
  if (format === "json") return ended(printable(json));
  // By way of JSON, so that both formats say the same: no undefined, dates as text, no anchors.
  return ended(printable(Bun.YAML.stringify(JSON.parse(json), null, 2)));
}

function table<T>(data: T | readonly T[], given?: readonly Column<T>[]): string[] {
  const rows = Array.isArray(data) ? (data as readonly T[]) : [data as T];
  const columns = given ?? found(rows);
  if (columns === undefined) return rows.map(cell);
  if (!Array.isArray(data)) {
    return align(columns.flatMap(({ title, of }) => rows.map((row) => [title, cell(of(row))])));
  }
  if (columns.length === 0) return [];
  const head = columns.map(({ title }) => title.toUpperCase());
  return align([head, ...rows.map((row) => columns.map(({ of }) => cell(of(row))))]);
}

/** The fields of all rows in the order they turn up; undefined if a row is no record. */
function found<T>(rows: readonly T[]): Column<T>[] | undefined {
  const titles = new Set<string>();
  for (const row of rows) {
    if (typeof row !== "object" || row === null || Array.isArray(row)) return undefined;
    for (const key of Object.keys(row)) titles.add(key);
  }
  return [...titles].map((title) => ({
    title: oneLine(title),
    of: (row) => (Object.hasOwn(row as object, title) ? row[title as keyof T] : undefined),
  }));
}

/** Never cut: a script may read it, and half a secret would slip through the mask. */
function cell(value: unknown): string {
  if (value === undefined || value === null || value === "") return "-";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return oneLine(text, Number.POSITIVE_INFINITY);
}

function ended(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
