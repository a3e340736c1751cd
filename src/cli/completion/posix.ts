/** What bash and zsh write alike. */
import { shellQuoted } from "../../shared/shell-word.ts";
import { withPart } from "./dialect.ts";
import type { Choice } from "./offer.ts";
import common from "./runtime.sh" with { type: "text" };
import type { Row, Setting, Tables } from "./tables.ts";

/** The script of one of them, with what both have in place of its line `# <common>`. */
export function withCommon(runtime: string): string {
  return withPart(runtime, "common", common);
}

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
