/** Completion in fish, from 3.1 on. */
import { type Dialect, tabbed, withPart } from "./dialect.ts";
import listed from "./listed.fish" with { type: "text" };
import pairs from "./pairs.fish" with { type: "text" };
import runtime from "./runtime.fish" with { type: "text" };
import type { Row, Setting } from "./tables.ts";

export const fish: Dialect = {
  runtime: withPart(withPart(runtime, "pairs", pairs), "listed", listed),
  table: (name, rows) =>
    [
      `function __molecule_${name} --no-scope-shadowing`,
      '    switch "$argv[1]"',
      ...rows.flatMap(caseOf),
      "        case '*'",
      "            return 1",
      "    end",
      "end",
    ].join("\n"),
};

function caseOf({ keys, sets }: Row): string[] {
  return [
    `        case ${keys.map(pattern).join(" ")}`,
    ...sets.map((setting) => `            ${assignment(setting)}`),
    // Else it would end as the command before it did.
    "            return 0",
  ];
}

function assignment([name, value]: Setting): string {
  const items = typeof value === "string" ? [value] : value.map(tabbed);
  return ["set", name, ...items.map(quoted)].join(" ");
}

/** In single quotes only a backslash and their end have a meaning. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

/** Wildcards of `switch` work in quotes, too. */
function pattern(text: string): string {
  return quoted(text.replace(/[\\*?]/g, "\\$&"));
}
