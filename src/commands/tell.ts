/** What a command has done. */
import type { Context } from "../cli/command.ts";
import type { JsonObject } from "../shared/json.ts";
import { printable } from "../shared/text.ts";
import { GLOBALS } from "./globals.ts";
import { show } from "./show.ts";

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
