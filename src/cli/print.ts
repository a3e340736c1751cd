import { printable } from "../shared/text.ts";
import type { Io } from "./output.ts";
import { type Column, recordOf, type TableLayout, tableOf } from "./table.ts";
import { yamlOf } from "./yaml.ts";

export type { Column } from "./table.ts";

export const FORMATS = ["table", "json", "yaml"] as const;

export type Format = (typeof FORMATS)[number];

/** In which form data are printed; all but the format is for tables. */
export interface Layout extends TableLayout {
  readonly format: Format;
  /** What is said of an empty list, as a sentence without its full stop: "no workspaces". */
  readonly empty?: string | undefined;
}

/**
 * Prints data on standard output: a list as a table, one record as a line for each field, or either
 * as JSON or YAML. Without columns a table shows the fields that it finds. Of a table without rows
 * nothing is left to print; that there are none is said on standard error.
 */
export async function printData<T>(
  io: Io,
  data: T | readonly T[],
  layout: Layout,
  columns?: readonly Column<T>[],
): Promise<void> {
  if (layout.format === "table" && Array.isArray(data) && data.length === 0) {
    return io.err(layout.empty ?? "nothing found");
  }
  const mask = (text: string) => io.secrets.mask(text);
  const text = renderData(data, { mask, ...layout }, columns);
  await (layout.format === "table" ? io.out(text) : outMasked(io, text));
}

/** Prints what was masked part by part. */
export function outMasked(io: Io, text: string): Promise<void> {
  return io.outMasked === undefined ? io.out(text) : io.outMasked(text);
}

/** The text that {@link printData} prints. */
export function renderData<T>(
  data: T | readonly T[],
  layout: Layout,
  columns?: readonly Column<T>[],
): string {
  if (layout.format === "table") {
    const lines = Array.isArray(data)
      ? tableOf(data as readonly T[], layout, columns)
      : recordOf(data as T, layout, columns);
    return ended(lines.join("\n"));
  }
  const json = jsonOf(data, layout.mask, 2);
  if (layout.format === "json") return ended(json);
  // By way of JSON, so that both formats say the same: no undefined, dates as text, no anchors.
  return ended(yamlOf(JSON.parse(json)));
}

/** Printable JSON in which every text was masked, also those of keys; on one line unless it is indented. */
export function jsonOf(data: unknown, mask: TableLayout["mask"], indent?: number): string {
  return printable(JSON.stringify(data, maskingWith(mask), indent) ?? "null");
}

/** For JSON.stringify. In the finished text a secret such as `":` would be found where there is none. */
function maskingWith(mask: TableLayout["mask"]) {
  if (mask === undefined) return undefined;
  return (_: string, value: unknown): unknown => {
    if (typeof value === "string") return mask(value);
    if (typeof value === "number") return mask(String(value)) === String(value) ? value : MASKED;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const keys = Object.keys(value);
    if (keys.every((key) => mask(key) === key)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, at]) => [mask(key), at]));
  };
}

const MASKED = "[secret]";

function ended(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
