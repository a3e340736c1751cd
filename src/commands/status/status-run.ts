/** `molecule status`: which workspaces are served on this machine, and how they are. */
import type { Context } from "../../cli/command.ts";
import { count } from "../../shared/count.ts";
import { systemClock } from "../../shared/clock.ts";
import { ExitCode, MoleculeError, UsageError } from "../../shared/errors.ts";
import { oneLine } from "../../shared/text.ts";
import { stateFolder } from "../access/state-folder.ts";
import { note, show } from "../show.ts";
import { requireKnown } from "../which/workspace-id.ts";
import { findRunning, type Running } from "./running.ts";
import { columns, lines, rowOf } from "./status-row.ts";
import type { StatusValues } from "./status.ts";

/**
 * Prints them. Rejects where one was asked for that is not among them; one that is, but hangs, or has ended
 * for good while its process goes on with others, is shown and is exit code 1, too.
 */
export async function run(values: StatusValues, context: Context): Promise<ExitCode> {
  const folder = stateFolder(values.stateDir);
  const now = systemClock.now();
  const all = await findRunning(folder, now);
  const { workspaceId } = values;
  if (workspaceId === undefined) {
    const empty = `no bridge runs on this machine with the state folder ${folder}`;
    const rows = all.map(rowOf);
    await show(context, rows, columns(rows, now), { empty });
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
  return isUnserved(found) ? ExitCode.failed : ExitCode.ok;
}

function isUnserved({ state, status }: Running): boolean {
  if (state === "failed") return status?.retryAt === undefined;
  return state === "stopped" || state === "hung";
}

/** The id that is meant: one of those that run by its name or its beginning, else one that this machine knows. */
async function find(given: string, all: readonly Running[], context: Context): Promise<string> {
  const beginning = given.toLowerCase();
  const ids = idsOf(all);
  if (ids.includes(beginning)) return beginning;
  if (beginning === "") return requireKnown(given, context.env);
  const named = idsOf(all.filter(({ status }) => status?.name === given));
  const matching = named.length > 0 ? named : ids.filter((id) => id.startsWith(beginning));
  const [only] = matching;
  if (only === undefined) return requireKnown(given, context.env);
  if (matching.length === 1) return only;
  const what = named.length > 0 ? "name" : "beginning";
  throw new UsageError(
    `"${oneLine(given, 80)}" is the ${what} of ${matching.length} workspaces that run here`,
    `Give ${named.length > 0 ? "its id" : "more of the id"}: ${matching.join(", ")}`,
  );
}

function idsOf(all: readonly Running[]): string[] {
  return [...new Set(all.map(({ workspaceId }) => workspaceId))];
}

function notRunning(id: string, folder: string): MoleculeError {
  return new MoleculeError(`no bridge of workspace ${id} runs on this machine`, {
    hint:
      `molecule connect ${id} starts one. This is what the state folder ${folder} tells; ` +
      "name another one with --state-dir.",
  });
}
