/** The command line that goes on from here. */
import type { Context } from "../cli/command.ts";
import { type Flag, kebab } from "../cli/flag.ts";
import { shellWord } from "../shared/shell-word.ts";
import { credentialFlags } from "./access/credential-flags.ts";
import { GLOBALS } from "./globals.ts";
import { stateDir } from "./access/state-flag.ts";

/** What was typed here has to be typed there again; variables and files hold for both. */
const CARRIED: readonly [name: string, flag: Flag<string | undefined>][] = [
  ["apiUrl", GLOBALS.apiUrl],
  ["config", GLOBALS.config],
  ["caFile", GLOBALS.caFile],
  ["orgId", credentialFlags.orgId],
  ["stateDir", stateDir],
];

/** `molecule connect` for this workspace, with the token in `file` where it would not be found without. */
export function connectCommand(context: Context, id: string, file?: string): string {
  const given = CARRIED.flatMap(([name, flag]) => {
    const value = context.source(name) === "flag" ? context.get(flag) : undefined;
    return value === undefined ? [] : [`--${kebab(name)}`, shellWord(value)];
  });
  const token = file === undefined ? [] : ["--token-file", shellWord(file)];
  return ["molecule connect", id, ...given, ...token].join(" ");
}
