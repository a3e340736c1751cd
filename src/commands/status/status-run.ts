/** `molecule status`: which workspaces are served on this machine, and how they are. */
import type { Context } from "../../cli/command.ts";
import { count } from "../../shared/count.ts";
import { systemClock } from "../../shared/clock.ts";
import { ExitCode, MoleculeError, UsageError } from "../../shared/errors.ts";
import { oneLine } from "../../shared/text.ts";
import { stateFolder } from "../access/state-folder.ts";
import { note, show } from "../show.ts";
import { readWorkspaceId, requireKnown } from "../which/workspace-id.ts";
import { findRunning, type Running } from "./running.ts";
import { columns, lines, rowOf } from "./status-row.ts";
import type { StatusValues } from "./status.ts";

/**
 * Prints them. Rejects where one was asked for that is not among them; one that is, and has ended for good
 * while its process goes on with others, is shown and is exit code 1, too.
 */
export async function run(values: StatusValues, context: Context): Promise<ExitCode> {
  const folder = stateFolder(values.stateDir);
  const now = systemClock.now();
  const all = await findRunning(folder, now);
  const { workspaceId } = values;
  if (workspaceId === undefined) {
    const empty = `no bridge runs on this machine with the state folder ${folder}`;
    await show(context, all.map(rowOf), columns(now), { empty });
    return ExitCode.ok;
  }
  const id = await find(workspaceId, all, context);
  const [found, ...others] = all.filter((one) => one.workspaceId === id);
  if (found === undefined) throw notRunning(id, folder);
  const row = rowOf(found);
  await show(context, row, lines(row, now));
  if (others.length > 0) {
    const those = others.map(({ pid, state }) => `${pid} (${state})`).join(", ");
    note(context, `${count(others.length, "other process", "other processes")} of it: ${those}`);
  }
  return hasEnded(found) ? ExitCode.failed : ExitCode.ok;
}

function hasEnded({ state, status }: Running): boolean {
  return state === "stopped" || (state === "failed" && status?.retryAt === undefined);
}

/** The id that is meant: one of those that run by its beginning, else one that this machine knows. */
async function find(given: string, all: readonly Running[], context: Context): Promise<string> {
  const beginning = readWorkspaceId(given).toLowerCase();
  const ids = [...new Set(all.map(({ workspaceId }) => workspaceId))];
  if (ids.includes(beginning)) return beginning;
  const matching = ids.filter((id) => id.startsWith(beginning));
  const [only] = matching;
  if (only !== undefined && matching.length === 1) return only;
  if (matching.length === 0) return requireKnown(given, context.env);
  throw new UsageError(
    `"${oneLine(given, 80)}" is the beginning of ${matching.length} workspaces that run here`,
    `Give more of the id: ${matching.join(", ")}`,
  );
}

function notRunning(id: string, folder: string): MoleculeError {
  return new MoleculeError(`no bridge of workspace ${id} runs on this machine`, {
    hint:
      `molecule connect ${id} starts one. This is what the state folder ${folder} tells; ` +
      "name another one with --state-dir.",
  });
}
