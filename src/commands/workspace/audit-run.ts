/** `molecule workspace audit`: what is wrong with one workspace, or with all. */
import type { Context } from "../../cli/command.ts";
import type { Management } from "../../platform/management.ts";
import { PlatformError } from "../../platform/platform.ts";
import type { ExitCode } from "../../shared/errors.ts";
import { getString, type JsonObject } from "../../shared/json.ts";
import { withManagement } from "../access/api.ts";
import type { Finding } from "../audit/finding.ts";
import { auditAll } from "../audit/gather.ts";
import { exitCodeOf, findingLines, summary } from "../audit/tell.ts";
import { GLOBALS } from "../globals.ts";
import { ifAllowed } from "../access/if-allowed.ts";
import { logFor } from "../logging.ts";
import { show, showWait } from "../show.ts";
import type { AuditValues } from "./audit.ts";
import { withWorkspace } from "../which/resolve.ts";

/** Prints the findings. Ends with 0 whatever they are, unless `--fail-on` says otherwise. */
export async function run(values: AuditValues, context: Context): Promise<ExitCode> {
  const { workspaceId } = values;
  const { count, findings } =
    workspaceId === undefined
      ? await withManagement(values, context, "admin", undefined, (platform) =>
          looking(context, () => auditEach(platform)),
        )
      : await withWorkspace({ ...values, workspaceId }, context, "workspace", (platform, id) =>
          looking(context, () => auditOne(platform, id)),
        );
  if (context.get(GLOBALS.output) !== "table") await show(context, findings);
  else
    await context.io.out(
      findingLines(findings)
        .map((line) => `${line}\n`)
        .join(""),
    );
  logFor(context).info(summary(count, findings));
  return exitCodeOf(findings, values.failOn);
}

interface Audited {
  count: number;
  findings: Finding[];
}

function looking(context: Context, work: () => Promise<Audited>): Promise<Audited> {
  return showWait(context, "looking at the workspaces", work);
}

async function auditEach(platform: Management): Promise<Audited> {
  const rows = await platform.workspaces();
  const findings = await auditAll(platform, rows, { rows, complete: true });
  return { count: rows.length, findings };
}

/** An administrator sees all of it; its own token shows less, and as others only its peers. */
async function auditOne(platform: Management, id: string): Promise<Audited> {
  const all = await ifAllowed(() => platform.workspaces());
  const listed = all?.find((row) => getString(row, "id") === id);
  const row = listed ?? { ...(await platform.workspace(id)), ...(await budgetOf(platform, id)) };
  const rows = all ?? (await ifAllowed(() => platform.peers(id))) ?? [];
  const findings = await auditAll(platform, [row], { rows, complete: all !== undefined });
  return { count: 1, findings };
}

/** What only the list says beside (contract 2.8); nothing where the platform does not tell. */
async function budgetOf(platform: Management, id: string): Promise<JsonObject> {
  try {
    const { budget_limit, monthly_spend } = await platform.budget(id);
    return { budget_limit, monthly_spend };
  } catch (error) {
    if (error instanceof PlatformError && error.verdict !== "transient") return {};
    throw error;
  }
}
