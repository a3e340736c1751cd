/** `molecule platform audit`: the platform and all of its workspaces. */
import { align } from "../../cli/columns.ts";
import type { Context } from "../../cli/command.ts";
import type { Management } from "../../platform/management.ts";
import { type Probe, probeBuild, probeServer, probeSubsystems } from "../../platform/probes.ts";
import { systemClock } from "../../shared/clock.ts";
import type { ExitCode } from "../../shared/errors.ts";
import { getString, type JsonObject } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import { withManagement } from "../access/api.ts";
import { countLevels, type Finding, type Level } from "../audit/finding.ts";
import { auditAll } from "../audit/gather.ts";
import { exitCodeOf, findingLines, summary } from "../audit/tell.ts";
import { GLOBALS } from "../globals.ts";
import { logFor } from "../logging.ts";
import { show, showWait } from "../show.ts";
import type { AuditValues } from "./audit.ts";

/** Prints the report. Ends with 0 whatever it says, unless `--fail-on` says otherwise. */
export async function run(values: AuditValues, context: Context): Promise<ExitCode> {
  const report = await withManagement(values, context, "admin", undefined, (platform) =>
    showWait(context, "looking at the platform", () => look(platform)),
  );
  if (context.get(GLOBALS.output) !== "table") await show(context, report);
  else await context.io.out(`${lines(report).join("\n")}\n`);
  logFor(context).info(summary(report.workspaces, report.findings));
  return exitCodeOf(report.findings, values.failOn);
}

interface Report {
  server: Answer;
  build: Answer;
  subsystems: Answer;
  workspaces: number;
  /** How many are in which state. */
  statuses: Record<string, number>;
  /** How many there are of each level. */
  counts: Record<Level, number>;
  findings: Finding[];
}

type Answer = Pick<Probe, "ok" | "detail">;

/** The list first: without it there is nothing to report, and the reason is told. */
async function look(platform: Management): Promise<Report> {
  const rows = await platform.workspaces();
  const server = answerOf(await probeServer(platform, systemClock));
  const build = answerOf(await probeBuild(platform));
  const subsystems = answerOf(await probeSubsystems(platform));
  const findings = await auditAll(platform, rows, { rows, complete: true });
  return {
    server,
    build,
    subsystems,
    workspaces: rows.length,
    statuses: countStatuses(rows),
    counts: countLevels(findings),
    findings,
  };
}

function answerOf({ ok, detail }: Probe): Answer {
  return { ok, detail };
}

function countStatuses(rows: readonly JsonObject[]): Record<string, number> {
  const names = rows.map((row) => oneLine(getString(row, "status") ?? "unknown", 40)).sort();
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}

function lines({ server, build, subsystems, workspaces, statuses, findings }: Report): string[] {
  const states = Object.entries(statuses).map(([status, n]) => `${n} ${status}`);
  const told = ({ ok, detail }: Answer) => oneLine(`${ok ? "" : "failed: "}${detail}`, 2_000);
  const head = align([
    ["server", told(server)],
    ["build", told(build)],
    ["subsystems", told(subsystems)],
    ["workspaces", [String(workspaces), ...states].join(", ").replace(", ", ": ")],
  ]);
  return findings.length === 0 ? head : [...head, "", ...findingLines(findings)];
}
