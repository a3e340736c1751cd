/** Findings as a person reads them. */
import { pad } from "../../cli/columns.ts";
import { ExitCode } from "../../shared/errors.ts";
import { oneLine } from "../../shared/text.ts";
import { countLevels, type Finding, type Level, LEVELS } from "./finding.ts";

/** Longer ones would push what matters out of sight. */
const MOST_NAME = 24;

/** A line for each finding, and below it what to do; never cut, as the end may be what helps. */
export function findingLines(findings: readonly Finding[]): string[] {
  const names = findings.map(nameOf);
  const width = Math.max(0, ...names.map((name) => Bun.stringWidth(name)));
  return findings.flatMap(({ level, finding, action }, i) => {
    const head = `${pad(level, 7)}  ${pad(names[i] ?? "", width)}  `;
    const lines = [finding, `-> ${action}`].map((text) => oneLine(text, Number.POSITIVE_INFINITY));
    return [`${head}${lines[0]}`, `${" ".repeat(Bun.stringWidth(head))}${lines[1]}`];
  });
}

/** How many there are: "3 workspaces: 1 error, 2 warnings". */
export function summary(workspaces: number, findings: readonly Finding[]): string {
  const counts = countLevels(findings);
  const parts = LEVELS.flatMap((level) =>
    counts[level] === 0 ? [] : plural(counts[level], level === "info" ? "note" : level),
  );
  return `${plural(workspaces, "workspace")}: ${parts.length === 0 ? "nothing found" : parts.join(", ")}`;
}

/** 1 where the operator asked to fail on what was found (`--fail-on`), else 0. */
export function exitCodeOf(findings: readonly Finding[], failOn: Level | undefined): ExitCode {
  if (failOn === undefined) return ExitCode.ok;
  const bad = LEVELS.slice(0, LEVELS.indexOf(failOn) + 1);
  return findings.some(({ level }) => bad.includes(level)) ? ExitCode.failed : ExitCode.ok;
}

function nameOf({ name, workspace }: Finding): string {
  return name === null ? workspace.slice(0, 8) : oneLine(name, MOST_NAME);
}

function plural(n: number, noun: string): string {
  return `${n === 0 ? "no" : n} ${noun}${n === 1 ? "" : "s"}`;
}
