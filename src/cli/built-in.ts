/** What every command line takes without a declaration of its own. */
import type { Cli, Group } from "./command.ts";

export interface BuiltInFlag {
  /** Without dashes. */
  readonly name: string;
  readonly letter?: string;
  readonly summary: string;
}

/** The flags of every command, none of which takes a value. */
export const BUILT_IN_FLAGS: readonly BuiltInFlag[] = [
  { name: "help", letter: "h", summary: "show help" },
  { name: "version", summary: "show the version" },
];

/** Any group takes this word before the name of a command. */
export const HELP_COMMAND = { name: "help", summary: "show help for a command" } as const;

/** Whether {@link HELP_COMMAND} is told of here: only by the program itself, and not where a command has its name. */
export function tellsOfHelp({ root }: Cli, { subCommands }: Group): boolean {
  return subCommands === root.subCommands && !Object.hasOwn(subCommands, HELP_COMMAND.name);
}
