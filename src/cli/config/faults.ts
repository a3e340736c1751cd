/** What people are told of config files that can't be used. */
import { ExitCode, MoleculeError } from "../../shared/errors.ts";
import type { Secrets } from "../../shared/secrets.ts";
import type { Config, FileValue, Problem } from "./config.ts";
import { quotedTexts } from "./shown.ts";

/** Problems that are told at once; more would hide the command line above. */
const MOST_TOLD = 5;

/** The error of a command that needs config; undefined where nothing is wrong. Exit 2. */
export function faultOf({ problems }: Pick<Config, "problems">): MoleculeError | undefined {
  const [first] = problems;
  if (first === undefined) return undefined;
  const rest = problems.length - MOST_TOLD;
  const told = problems.slice(0, MOST_TOLD).map(({ message }) => message);
  if (rest > 0) told.push(`and ${rest} more`);
  return new MoleculeError(told.join("\n"), { exitCode: ExitCode.usage, hint: hintOf(problems) });
}

/** The same in one line for each, where a command goes on without what is wrong. */
export function warningsOf({ problems }: Pick<Config, "problems">): string[] {
  return problems
    .slice(0, MOST_TOLD)
    .map(({ message, hint }) => `warning: ${message}${hint === undefined ? "" : ` (${hint})`}`);
}

/** The error where a value would come from a file that nobody has trusted. `flag`: its flag, if it has one. Exit 2. */
export function refusalOf(
  value: FileValue,
  flag: string | undefined,
  trustCommand: string,
  secrets: Secrets,
): MoleculeError {
  const why =
    value.doubt === "changed"
      ? "that file has changed since it was trusted"
      : "that file is not trusted";
  const what =
    value.items === undefined
      ? `to ${quotedTexts(value.texts, secrets)}`
      : `to a list of ${value.items.length}`;
  const before = flag === undefined ? "" : ` --${flag} stands before it.`;
  return new MoleculeError(`${value.origin} sets ${value.key} ${what}, and ${why}`, {
    exitCode: ExitCode.usage,
    hint: `Look at the file; '${trustCommand}' makes it count.${before}`,
  });
}

/** One hint is clear; of many, nobody could tell which line they speak of. */
function hintOf(problems: readonly Problem[]): string | undefined {
  const hints = problems
    .slice(0, MOST_TOLD)
    .flatMap(({ message, hint }) =>
      hint === undefined
        ? []
        : problems.length === 1
          ? [hint]
          : [`${message.split(": ")[0]}: ${hint}`],
    );
  return hints.length === 0 ? undefined : hints.join("\n");
}
