/** Lists as tables and records as lists of fields: whole in a pipe or file, made to fit in a terminal. */
import { oneLine } from "../shared/text.ts";
import { align, cut, GAP, pad, share, widthsOf, wrap } from "./columns.ts";

/** A column of a table, or a field of one record: its title and what it shows of a row. */
export interface Column<T> {
  title: string;
  of: (row: T) => unknown;
  /** For numbers. */
  align?: "right";
  /** Less needed than the others: left out of a table that would not fit the terminal. */
  wide?: boolean;
  /** For sentences: where they would be cut, they go on in more rows. */
  wrap?: boolean;
  /** What the value says at a glance, where there are colours. */
  tone?: (row: T) => Tone | undefined;
}

export type Tone = "good" | "warning" | "bad" | "quiet";

/** How a table is written. */
export interface TableLayout {
  /** Titles above the columns; on if not given. A record has them in any case. */
  readonly headers?: boolean;
  /** Columns of the terminal; in a pipe or a file, where nothing is cut, undefined. */
  readonly width?: number | undefined;
  readonly color?: boolean;
  /** Hides secrets, which half of one would escape from if a cell were cut first. */
  readonly mask?: (text: string) => string;
}

/** The lines of a table. Without columns they are the fields that are found in the rows. */
export function tableOf<T>(
  rows: readonly T[],
  layout: TableLayout,
  given?: readonly Column<T>[],
): string[] {
  const all = given ?? found(rows);
  if (all === undefined) return rows.map((row) => cell(row, layout.mask));
  if (all.length === 0 || rows.length === 0) return [];
  const columns = fitting(rows, all, layout);
  const titles = columns.map(({ title }) => title.toUpperCase());
  const head = layout.headers === false ? [] : [titles];
  const body = rows.map((row) => columns.map(({ of }) => cell(of(row), layout.mask)));
  const whole = [...head, ...body];
  const widths = shares(head[0] ?? [], body, layout.width);
  const painted = whole.flatMap((cells, i) => {
    const row = rows[i - head.length];
    const parts = cells.map((text, at) => {
      const tone = row === undefined ? undefined : columns[at]?.tone?.(row);
      const width = widths[at] ?? 0;
      const long = Bun.stringWidth(text) > width;
      const lines = long && columns[at]?.wrap ? wrap(text, width) : [text];
      return lines.map((line) => paint(cut(line, width), tone, layout));
    });
    const height = Math.max(...parts.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) => parts.map((lines) => lines[line] ?? ""));
  });
  return align(painted, (i) => columns[i]?.align === "right");
}

/** A line for each field of a record; a long value goes on under its beginning, in a terminal. */
export function recordOf<T>(
  record: T,
  layout: TableLayout,
  given?: readonly Column<T>[],
): string[] {
  const columns = given ?? found([record]);
  if (columns === undefined) return [cell(record)];
  const titles = Math.max(0, ...columns.map(({ title }) => Bun.stringWidth(title)));
  const room = Math.max((layout.width ?? 0) - titles - GAP.length, NARROWEST_VALUE);
  return columns.flatMap(({ title, of, tone }) =>
    valueLines(cell(of(record)), room, layout).map(
      (line, i) => pad(i === 0 ? title : "", titles) + GAP + paint(line, tone?.(record), layout),
    ),
  );
}

/** What is left of an id by which it is still known, with the sign that it was cut. */
const SHORT_ID = 9;

/** An id as the platform writes it (RFC 9562): so much of the first column stays whole where it can. */
const WHOLE_ID = 36;

/** Values get so much even where the terminal is narrower. */
const NARROWEST_VALUE = 20;

/**
 * The columns without those that there is no room for: first those that are less needed, then, where
 * even the shortest form of the others is too wide, the last ones.
 */
function fitting<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  layout: TableLayout,
): readonly Column<T>[] {
  const { width } = layout;
  if (width === undefined) return columns;
  let kept = columns;
  const tooWide = (most: number) => {
    const cells = rows.map((row) => kept.map(({ of }) => cell(of(row), layout.mask)));
    const widths = widthsOf([kept.map(({ title }) => title), ...cells]);
    return lineWidth(widths.map((one) => Math.min(one, most))) > width;
  };
  while (kept.some(({ wide }) => wide) && tooWide(Number.POSITIVE_INFINITY)) {
    const last = kept.findLastIndex(({ wide }) => wide);
    kept = kept.filter((_, i) => i !== last);
  }
  while (kept.length > 1 && tooWide(SHORT_ID)) kept = kept.slice(0, -1);
  return kept;
}

/** The width of each column: as much as it needs, or its part of the terminal's. */
function shares(head: Cells, body: readonly Cells[], width: number | undefined): number[] {
  const natural = widthsOf([head, ...body]);
  if (width === undefined || lineWidth(natural) <= width) return natural;
  const room = width - GAP.length * (natural.length - 1);
  const fits = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) <= room;
  // Titles give way before what stands under them.
  const short = (text: string) => Math.min(Bun.stringWidth(text), SHORT_ID);
  const values = widthsOf([head.map((title) => " ".repeat(short(title))), ...body]);
  if (fits(values)) return share(natural, values, room);
  const least = values.map((one) => Math.min(one, SHORT_ID));
  const withId = [Math.min(values[0] ?? 0, WHOLE_ID), ...least.slice(1)];
  return share(values, fits(withId) ? withId : least, room);
}

type Cells = readonly string[];

function lineWidth(widths: readonly number[]): number {
  return widths.reduce((sum, one) => sum + one, 0) + GAP.length * (widths.length - 1);
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

/** Masked only where it is parted: one secret may be meant to be read, and whoever prints it says so. */
function valueLines(text: string, room: number, { width, mask = same }: TableLayout): string[] {
  if (width === undefined) return [text];
  if (Bun.stringWidth(text) <= room || wrap(text, room).length === 1) return [text];
  return wrap(mask(text), room);
}

/** Whole: a script may read it. */
function cell(value: unknown, mask: (text: string) => string = same): string {
  if (value === undefined || value === null || value === "") return "-";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return oneLine(mask(text), Number.POSITIVE_INFINITY);
}

const same = (text: string) => text;

const COLORS: Record<Tone, string> = { good: "32", warning: "33", bad: "31", quiet: "2" };

function paint(text: string, tone: Tone | undefined, { color = false }: TableLayout): string {
  return color && tone !== undefined ? `\x1b[${COLORS[tone]}m${text}\x1b[0m` : text;
}
