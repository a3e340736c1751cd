/** Completion in PowerShell, from 5.1 on. */
import { type Dialect, tabbed, withPart } from "./dialect.ts";
import listed from "./listed.ps1" with { type: "text" };
import runtime from "./runtime.ps1" with { type: "text" };
import type { Row, Setting } from "./tables.ts";

export const powershell: Dialect = {
  runtime: withPart(runtime, "listed", listed),
  table: (name, rows) =>
    [
      `    function Find-Molecule${name[0]?.toUpperCase()}${name.slice(1)}([string] $key) {`,
      "        switch -Exact -CaseSensitive ($key) {",
      ...rows.flatMap(casesOf),
      "        }",
      "    }",
    ].join("\n"),
};

function casesOf({ keys, sets }: Row): string[] {
  const found = `{ return @{ ${sets.map(entry).join("; ")} } }`;
  return keys.map((key) => `            ${quoted(key)} ${found}`);
}

function entry([name, value]: Setting): string {
  if (typeof value === "string") return `${name} = ${quoted(value)}`;
  return `${name} = @(${value.map((choice) => quoted(tabbed(choice))).join(", ")})`;
}

/** In single quotes only their end has a meaning, which is doubled. */
function quoted(text: string): string {
  return `'${ascii(text).replaceAll("'", "''")}'`;
}

/**
 * Windows reads a program's output in a code page of its own: other bytes would turn into what nobody
 * wrote, quotes among them, and PowerShell takes curly quotes for straight ones.
 */
function ascii(text: string): string {
  return text
    .replaceAll("…", "...")
    .replace(/[‘’‚‛]/g, "'")
    .replace(/[“”„]/g, '"')
    .replace(/[–—]/g, "-")
    .replace(/[^\t -~]/gu, "?");
}
