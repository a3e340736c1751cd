/** `molecule platform health`: the server, its headers and the tokens, told apart. */
import type { Context } from "../../cli/command.ts";
import type { Column } from "../../cli/print.ts";
import { Management } from "../../platform/management.ts";
import {
  type Probe,
  probeApiToken,
  probeBuild,
  probeServer,
  probeSubsystems,
  probeTenant,
  probeWorkspaceToken,
} from "../../platform/probes.ts";
import type { Token } from "../../platform/token.ts";
import { systemClock } from "../../shared/clock.ts";
import { ExitCode } from "../../shared/errors.ts";
import { apiToken, workspaceToken } from "../access/api.ts";
import { outOfOrder } from "../out-of-order.ts";
import { GLOBALS } from "../globals.ts";
import { httpParts } from "../access/http-parts.ts";
import { show } from "../show.ts";
import { stateFolder } from "../access/state-folder.ts";
import { requireKnown } from "../which/workspace-id.ts";
import { workspacesHere } from "../which/workspaces-here.ts";
import type { HealthValues } from "./health.ts";

/** Prints a row for each question; the exit code is that of the first that failed. */
export async function run(values: HealthValues, context: Context): Promise<ExitCode> {
  const rows = await ask(values, context);
  await show(context, rows.map(shown), COLUMNS);
  if (context.get(GLOBALS.output) === "table") {
    for (const { check, hint } of rows) {
      if (hint !== undefined) context.io.err(`hint: ${check}: ${hint}`);
    }
  }
  const failed = rows.find(({ status }) => status === "failed");
  return failed === undefined ? ExitCode.ok : (failed.probe?.failure?.exitCode ?? ExitCode.failed);
}

interface Row {
  check: string;
  status: "ok" | "failed" | "skipped";
  detail: string;
  hint?: string | undefined;
  probe?: Probe;
}

const TONES = { ok: "good", failed: "bad", skipped: "quiet" } as const;

type ShownRow = ReturnType<typeof shown>;

const COLUMNS: readonly Column<ShownRow>[] = [
  { title: "check", of: ({ check }) => check },
  { title: "status", of: ({ status }) => status, tone: ({ status }) => TONES[status] },
  { title: "detail", of: ({ detail }) => detail, wrap: true },
];

async function ask(values: HealthValues, context: Context): Promise<Row[]> {
  const clientWith = async (token: Pick<Token, "value">) =>
    new Management(await httpParts(context, { token, orgId: values.orgId }), { again: false });
  const operator = await apiToken(values, context);
  const id = await workspaceOf(values, context);
  const own = id === undefined ? undefined : await workspaceToken(values, context, id);

  const open = await clientWith({ value: undefined });
  const server = rowOf("server", await probeServer(open, systemClock));
  const unreached = lostTo(server, "the server does not answer as it should");
  const build = await row("build", unreached, () => probeBuild(open));
  const tenant = await row("api and tenant", unreached, () => probeTenant(open));
  const lost = lostTo(tenant, "the API can't be reached");

  const noOperator = operator === undefined ? "no --api-token-file was given" : undefined;
  const admin = await clientWith(operator ?? { value: undefined });
  const token = await row("api token", lost ?? noOperator, () => probeApiToken(admin));
  const noOwn = id === undefined ? "no --workspace was given" : "there is no token of it here";
  const agent = await clientWith(own ?? { value: undefined });
  const workspace = await row(
    id === undefined ? "workspace token" : `workspace token ${id.slice(0, 8)}`,
    lost ?? (own?.value === undefined ? noOwn : undefined),
    () => probeWorkspaceToken(agent, id ?? ""),
  );
  const refused = lostTo(token, "the api token is refused");
  const subsystems = await row("subsystems", lost ?? noOperator ?? refused, () =>
    probeSubsystems(admin),
  );
  return [server, build, tenant, token, workspace, subsystems];
}

/** Why what rests on the row is not asked; undefined where it may be. */
function lostTo({ status, detail, probe }: Row, otherwise: string): string | undefined {
  if (status === "ok") return undefined;
  if (status === "skipped") return detail;
  const answered = probe?.failure?.failure.status;
  if (answered === 429) return "the rate limit is used up";
  return outOfOrder(probe?.failure) ?? otherwise;
}

/** The one that is named, or the only one that this machine has worked for. */
async function workspaceOf(values: HealthValues, context: Context): Promise<string | undefined> {
  if (values.workspace !== undefined) return requireKnown(values.workspace, context.env);
  const known = await workspacesHere(stateFolder(values.stateDir));
  return known.length === 1 ? known[0] : undefined;
}

/** Asks, unless there is a reason not to. */
async function row(
  check: string,
  reason: string | undefined,
  probe: () => Promise<Probe>,
): Promise<Row> {
  return reason === undefined
    ? rowOf(check, await probe())
    : { check, status: "skipped", detail: reason };
}

function rowOf(check: string, probe: Probe): Row {
  const { ok, detail, hint } = probe;
  return { check, status: ok ? "ok" : "failed", detail, hint, probe };
}

function shown({
  check,
  status,
  detail,
  hint = null,
}: Omit<Row, "hint"> & { hint?: string | null | undefined }) {
  return { check, status, detail, hint };
}
