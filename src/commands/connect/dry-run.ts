/** `molecule connect --dry-run`: everything is looked at, and nothing changed. */
import { explainUnauthorized } from "../../bridge/presence/unauthorized.ts";
import type { Context } from "../../cli/command.ts";
import { exitCodeOf } from "../../fleet/fleet.ts";
import { PlatformError } from "../../platform/platform.ts";
import { ExitCode, messageOf } from "../../shared/errors.ts";
import { show } from "../show.ts";
import { tellFailure } from "./lifecycle-lines.ts";
import type { WorkspaceRun } from "./workspace-run.ts";

/** Prints what was found of one workspace. Rejects with what is wrong with it. */
export async function dryRun(
  workspace: WorkspaceRun,
  context: Context,
  baseUrl: URL,
): Promise<void> {
  await show(context, await examine(workspace, baseUrl));
}

/** Prints a list, and gives the highest exit code: what is wrong with one is told beside it. */
export async function dryRunAll(
  workspaces: readonly WorkspaceRun[],
  context: Context,
  baseUrl: URL,
): Promise<ExitCode> {
  const codes: ExitCode[] = [];
  const reports = await Promise.all(
    workspaces.map(async (workspace) => {
      try {
        return { ...(await examine(workspace, baseUrl)), problem: null };
      } catch (error) {
        codes.push(exitCodeOf(error));
        tellFailure(workspace.log(), error);
        return { ...nothing(workspace, baseUrl), problem: messageOf(error) };
      }
    }),
  );
  await show(context, reports, [
    { title: "workspace", of: (report) => report.workspace_id },
    { title: "status", of: (report) => report.status },
    { title: "token", of: (report) => report.token },
    { title: "from", of: (report) => report.token_from },
    { title: "backend", of: (report) => report.backend },
    { title: "check", of: (report) => report.backend_check },
    { title: "problem", of: (report) => report.problem },
  ]);
  return codes.toSorted((a, b) => b - a)[0] ?? ExitCode.ok;
}

/** What the report of a workspace says where nothing could be found out. */
function nothing({ id, setup }: WorkspaceRun, baseUrl: URL) {
  return {
    workspace_id: id,
    api_url: baseUrl.href,
    status: null,
    token: null,
    token_from: null,
    backend: setup.type.name,
    backend_check: null,
  };
}

/** The state route answers only to a valid token of this very workspace, and changes nothing. */
async function examine(workspace: WorkspaceRun, baseUrl: URL) {
  const { platform, token, notes } = await workspace.ready();
  let state;
  try {
    state = await platform.state();
  } catch (error) {
    if (!(error instanceof PlatformError) || error.verdict !== "unauthorized") throw error;
    throw await explainUnauthorized(error, platform, workspace.id, token);
  }
  return {
    ...nothing(workspace, baseUrl),
    status: state.status ?? "unknown",
    token: "accepted",
    token_from: token.origin,
    backend_check: notes === 0 ? "passed" : "passed, with a warning",
  };
}
