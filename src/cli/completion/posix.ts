/** What bash and zsh write alike. */
import { shellQuoted } from "../../shared/shell-word.ts";
import type { Choice } from "./offer.ts";
import type { Row, Setting, Tables } from "./tables.ts";

/** A function that sets the variables of the row for its argument, and fails where there is none. */
export function shellTable(
  name: keyof Tables,
  rows: readonly Row[],
  item: (choice: Choice) => string,
): string {
  const assignment = ([variable, value]: Setting) =>
    typeof value === "string"
      ? `${variable}=${shellQuoted(value)}`
      : `${variable}=(${value.map(item).join(" ")})`;
  const cases = rows.map(({ keys, sets }) => {
    const set = sets.map(assignment).join(" ") || ":";
    return `    ${keys.map(shellQuoted).join(" | ")}) ${set} ;;`;
  });
  return [
    `_molecule_${name}() {`,
    "  case $1 in",
    ...cases,
    "    *) return 1 ;;",
    "  esac",
    "}",
  ].join("\n");
}
