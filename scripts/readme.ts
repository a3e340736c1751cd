/**
 * Writes what README.md takes from the declarations: the table of backends between its two marks.
 * `bun scripts/readme.ts` after a change of an option; a test holds the README to it.
 */
import { join } from "node:path";
import { BACKENDS, DEFAULT_BACKEND } from "../src/backends/registry.ts";
import { describeBackends } from "../src/commands/backend/backend-help.ts";
import { ROOT } from "./set-up.ts";

export const README = join(ROOT, "README.md");
const START = "<!-- backends: written by scripts/readme.ts -->";
const END = "<!-- /backends -->";

/** The table of backends in Markdown. */
export function backendTable(): string {
  const rows = describeBackends(BACKENDS, DEFAULT_BACKEND).flatMap(
    ({ name, summary, is_default, options }) => [
      [`**\`${name}\`**${is_default ? " (default)" : ""}`, "", summary],
      ...options.map((option) => [
        `\`${cell(option.option)}\``,
        option.required ? "required" : option.default === null ? "" : `\`${cell(option.default)}\``,
        cell(option.summary),
      ]),
    ],
  );
  const head = ["backend, and its options", "default", "what it is"];
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** The text between the marks; throws where they are missing. */
export function tableIn(readme: string): string {
  const [from, to] = [readme.indexOf(START), readme.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`README.md lacks ${START} … ${END}`);
  return readme.slice(from + START.length, to).trim();
}

/** The README with the table as it should be. */
function insert(readme: string): string {
  tableIn(readme);
  const [from, to] = [readme.indexOf(START) + START.length, readme.indexOf(END)];
  return `${readme.slice(0, from)}\n\n${backendTable()}\n\n${readme.slice(to)}`;
}

/** A bar would end the cell, also in code. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

if (import.meta.main) {
  const readme = await Bun.file(README).text();
  await Bun.write(README, insert(readme));
  Bun.spawnSync([process.execPath, "fmt", README], { stdio: ["ignore", "inherit", "inherit"] });
}
