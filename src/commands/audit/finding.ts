/** A finding of an audit: what is wrong with a workspace, and what to do about it. */
import { getString, type JsonObject } from "../../shared/json.ts";

/** `info` is worth knowing, `warning` worth a look, `error` keeps the workspace from its work. */
export const LEVELS = ["error", "warning", "info"] as const;

export type Level = (typeof LEVELS)[number];

export interface Finding {
  level: Level;
  /** Its id. */
  workspace: string;
  name: string | null;
  /** A stable word for scripts. */
  check: string;
  /** One clause. */
  finding: string;
  /** What to do. */
  action: string;
}

/** What a rule says; the workspace is added by who applies it. */
export type Said = Omit<Finding, "workspace" | "name">;

/** The findings of the rules on one workspace. */
export function about(row: JsonObject, said: readonly Said[]): Finding[] {
  const workspace = getString(row, "id") ?? "";
  const name = getString(row, "name") ?? null;
  return said.map(({ level, check, finding, action }) => ({
    level,
    workspace,
    name,
    check,
    finding,
    action,
  }));
}

/** The worst first; those of one workspace stay together within a level. */
export function byLevel(findings: readonly Finding[]): Finding[] {
  const rank = ({ level }: Finding) => LEVELS.indexOf(level);
  return findings.toSorted(
    (a, b) =>
      rank(a) - rank(b) ||
      (a.name ?? "").localeCompare(b.name ?? "") ||
      a.workspace.localeCompare(b.workspace),
  );
}

/** How many there are of each level. */
export function countLevels(findings: readonly Finding[]): Record<Level, number> {
  const counts = { error: 0, warning: 0, info: 0 };
  for (const { level } of findings) counts[level] += 1;
  return counts;
}
