/** What a command shows: data on standard output, in the form that the global flags ask for, and how far it is. */
import type { Context } from "../cli/command.ts";
import { type Column, type Layout, printData } from "../cli/print.ts";
import { columnsOf, isTerminal, wantsColor } from "../cli/terminal.ts";
import { type Progress, progress, type Stage, waiting } from "../cli/waiting.ts";
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
