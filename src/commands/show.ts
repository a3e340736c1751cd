/** What a command says: data on standard output, in the form that the global flags ask for; all else beside it. */
import type { Context } from "../cli/command.ts";
import { type Column, type Layout, printData } from "../cli/print.ts";
import { columnsOf, isTerminal, wantsColor } from "../cli/terminal.ts";
import { type Progress, progress, type Stage, waiting } from "../cli/waiting.ts";
import type { JsonObject } from "../shared/json.ts";
import { printable } from "../shared/text.ts";
import { GLOBALS } from "./globals.ts";

/**
 * Prints a list as a table, one record as a line for each field, or either as JSON or YAML. `empty` is
 * what is said on standard error of a table without rows ("no workspaces").
 */
export function show<T>(
  context: Context,
  data: T | readonly T[],
  columns?: readonly Column<T>[],
  more: Pick<Layout, "empty" | "mask"> = {},
): Promise<void> {
  return printData(context.io, data, { ...layoutOf(context), ...more }, columns);
}

/**
 * Says it in a line on standard output; with -o json or yaml prints the platform's own answer, and beside it `of`
 * what it was done to: its id, and its name where that is known.
 */
export function tell(
  context: Context,
  answer: JsonObject,
  line: string,
  of: { readonly id?: string; readonly name?: string } = {},
): Promise<void> {
  if (context.get(GLOBALS.output) !== "table") return show(context, { ...of, ...answer, ...of });
  return context.io.out(`${printable(line)}\n`);
}

/** Says something beside the data, on standard error: what comes next, what has to be known. */
export function note(context: Context, text: string): void {
  context.io.err(printable(text));
}

/** The same of what may be trouble later. */
export function warn(context: Context, text: string): void {
  note(context, `warning: ${text}`);
}

/** Does `work`, and shows the text ("waiting for the answer") at a terminal if that takes a while. */
export function showWait<T>(context: Context, text: string, work: () => Promise<T>): Promise<T> {
  return waiting(text, work, stageOf(context));
}

/** Shows at a terminal how many of `total` are done. To be ended in any case: `using` does. */
export function showProgress(context: Context, total: number, text: string): Progress {
  return progress(total, text, stageOf(context));
}

function layoutOf(context: Context): Layout {
  const format = context.get(GLOBALS.output);
  if (format !== "table") return { format };
  const terminal = isTerminal(1);
  return {
    format,
    headers: context.get(GLOBALS.headers),
    width: terminal ? columnsOf(1, context.env) : undefined,
    color: wantsColor(context.env, () => terminal),
  };
}

function stageOf(context: Context): Stage {
  return { io: context.io, env: context.env, verbose: context.get(GLOBALS.verbose) };
}
