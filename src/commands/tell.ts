/** What a command has done. */
import type { Context } from "../cli/command.ts";
import type { JsonObject } from "../shared/json.ts";
import { printable } from "../shared/text.ts";
import { GLOBALS } from "./globals.ts";
import { show } from "./show.ts";

/** Says it in a line on standard output; with -o json or yaml prints the platform's own answer. */
export function tell(context: Context, answer: JsonObject, line: string): Promise<void> {
  if (context.get(GLOBALS.output) !== "table") return show(context, answer);
  return context.io.out(`${printable(line)}\n`);
}
