/** What the doctor found, as lines for a person or as data. */
import { pad, wrap } from "../../cli/columns.ts";
import type { ExitCode } from "../../shared/errors.ts";
import type { Result } from "./examine.ts";
import { worstOf, type Status } from "./check.ts";

const COLORS: Record<Status, string> = { ok: "32", warning: "33", failed: "31", skipped: "2" };
const WIDTH = "skipped".length;

/** How the lines are to look. */
export interface Look {
  /** Of the longest name. */
  nameWidth: number;
  /** Of the terminal, in columns; undefined leaves lines whole. */
  width: number | undefined;
  color: boolean;
}

/** Beneath this many columns a wrapped text is harder to read than a line that the terminal breaks. */
const LEAST_COLUMNS = 30;

/** A finding as a line, or as many as a terminal takes, with its hint below. */
export function linesOf({ status, name, detail, hint }: Result, look: Look): string {
  const word = pad(status, WIDTH);
  const shown = look.color ? `\u001b[${COLORS[status]}m${word}\u001b[0m` : word;
  const indent = WIDTH + look.nameWidth + 4;
  const columns = (look.width ?? 0) - indent;
  const fold = (text: string) => (columns < LEAST_COLUMNS ? [text] : wrap(text, columns));
  const texts = [...fold(detail), ...(hint === undefined ? [] : fold(`hint: ${hint}`))];
  const lines = texts.map((text) => `${" ".repeat(indent)}${text}\n`).join("");
  return `${shown}  ${pad(name, look.nameWidth)}  ${lines.slice(indent)}`;
}

/** What `-o json` and `-o yaml` show. */
export function dataOf(results: readonly Result[]) {
  return {
    checks: results.map(({ name, status, detail, hint = null }) => ({
      name,
      status,
      detail,
      hint,
    })),
    worst: worstOf(results.map(({ status }) => status)),
    exit_code: exitCodeOf(results),
  };
}

/** That of the first failure; warnings are none. */
export function exitCodeOf(results: readonly Result[]): ExitCode {
  const first = results.find(({ status }) => status === "failed");
  return first === undefined ? 0 : (first.exitCode ?? 1);
}
