import { printable } from "../shared/text.ts";
import type { Io } from "./output.ts";
import { type Column, recordOf, type TableLayout, tableOf } from "./table.ts";

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
  await io.out(renderData(data, { mask, ...layout }, columns));
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
  // Masked here and not in what is written: what stands for a secret would be a list in YAML.
  const mask = layout.mask ?? ((text: string) => text);
  const masked = (_: string, value: unknown) => (typeof value === "string" ? mask(value) : value);
  const json = JSON.stringify(data, masked, 2) ?? "null";
  if (layout.format === "json") return ended(printable(json));
  // By way of JSON, so that both formats say the same: no undefined, dates as text, no anchors.
  return ended(printable(Bun.YAML.stringify(JSON.parse(json), null, 2)));
}

function ended(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}
