import type { Context } from "../cli/command.ts";
import { printable } from "../shared/text.ts";

/** Says something beside the data, on standard error: what comes next, what has to be known. */
export function note(context: Context, text: string): void {
  context.io.err(printable(text));
}

/** The same of what may be trouble later. */
export function warn(context: Context, text: string): void {
  note(context, `warning: ${text}`);
}
