import type { Cli } from "../command.ts";
import { bash } from "./bash.ts";
import type { Dialect } from "./dialect.ts";
import { fish } from "./fish.ts";
import { powershell } from "./powershell.ts";
import type { Shell } from "./shells.ts";
import { type Tables, tablesOf } from "./tables.ts";
import { zsh } from "./zsh.ts";

/**
 * The completion script of a shell: static, made of the declarations alone, the same for the same
 * declarations. It is ASCII for PowerShell, and UTF-8 otherwise.
 */
export function completionScript(shell: Shell, cli: Cli): string {
  const { runtime, table } = DIALECTS[shell];
  const tables = Object.entries(tablesOf(cli)) as [keyof Tables, Tables[keyof Tables]][];
  const text = tables.map(([name, rows]) => table(name, rows)).join("\n\n");
  const [head, tail] = runtime.split(PLACE);
  if (head === undefined || tail === undefined) throw new Error(`no place for tables in ${shell}`);
  return head + text + tail;
}

const DIALECTS: Record<Shell, Dialect> = { bash, zsh, fish, powershell };

/** A line of its own in each runtime. */
const PLACE = "# <tables>";
