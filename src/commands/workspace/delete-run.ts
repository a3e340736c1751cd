/** `molecule workspace delete`: looks what would go, asks, removes it. */
import type { Context } from "../../cli/command.ts";
import { confirm } from "../../cli/confirm.ts";
import type { Management } from "../../platform/management.ts";
import { PlatformError } from "../../platform/platform.ts";
import { codeOf, ExitCode, MoleculeError, messageOf } from "../../shared/errors.ts";
import { isWorkspaceId } from "../../shared/ids.ts";
import { getNumber, getString, type JsonObject } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import { showWait, tell, warn } from "../show.ts";
import { count } from "../../shared/count.ts";
import { forgetWorkspaces } from "../which/known-workspaces.ts";
import { platformAddress } from "../platform-address.ts";
import { stateFolder } from "../access/state-folder.ts";
import { removeToken, tokenPath } from "../../store/token-file.ts";
import type { DeleteValues } from "./delete.ts";
import { withWorkspace } from "../which/resolve.ts";
import { descendants } from "./tree.ts";

export async function run(values: DeleteValues, context: Context): Promise<void> {
  const gone = await withWorkspace(values, context, "admin", async (platform, id) => {
    // Revision 1 says "removed" to everything, also where there is nothing (contract 3.1). Removed is the
    // id that was asked for, whatever the answer says of it.
    const row = { ...(await platform.workspace(id, { removed: values.purge })), id };
    const below = descendants(await platform.workspaces(), id);
    if (below.length > 0 && !values.cascade) throw needsCascade(nameOf(row), below);
    if (!values.yes) describe(context, row, below);
    await confirm(questionOf(row, below, values.purge), values.yes, context.io);
    const answer = await showWait(context, "deleting", () => remove(platform, row, values));
    const ids = [id, ...below.map(idOf)].filter(isWorkspaceId);
    for (const one of ids) await forgetToken(one, values, context);
    const all = getNumber(answer, "cascade_deleted") ?? below.length;
    const more = all > 0 ? ` and ${count(all, "workspace")} below it` : "";
    const line = `deleted ${nameOf(row)} (${id})${more}`;
    await tell(context, answer, line, { id, name: nameOf(row) });
    return ids;
  });
  await forgetWorkspaces(gone, context.env);
}

/** What a person has to know before the answer, on standard error. */
function describe(context: Context, row: JsonObject, below: readonly JsonObject[]): void {
  const { io } = context;
  const line = (of: JsonObject) =>
    `${nameOf(of)} (${idOf(of)}), ${getString(of, "status") ?? "status unknown"}`;
  io.err(oneLine(line(row), 400));
  for (const one of below) io.err(oneLine(`  below it: ${line(one)}`, 400));
}

function questionOf(row: JsonObject, below: readonly JsonObject[], purge: boolean): string {
  const more = below.length === 0 ? "" : ` and the ${count(below.length, "workspace")} below it`;
  return `Delete ${nameOf(row)}${more} for good${purge ? ", with all messages" : ""}?`;
}

async function remove(
  platform: Management,
  row: JsonObject,
  { cascade, purge }: DeleteValues,
): Promise<JsonObject> {
  try {
    return await platform.deleteWorkspace(idOf(row), { name: nameOf(row), cascade, purge });
  } catch (error) {
    // A child that was made a moment ago.
    if (!(error instanceof PlatformError) || error.failure.status !== 409 || cascade) throw error;
    throw new MoleculeError(`nothing was deleted: ${error.message}`, {
      hint: "There are workspaces below it by now: --cascade deletes them as well.",
      cause: error,
    });
  }
}

function needsCascade(name: string, below: readonly JsonObject[]): MoleculeError {
  const names = below.map((row) => `${nameOf(row)} (${idOf(row)})`);
  const first = names.slice(0, 5).join(", ");
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  return new MoleculeError(`nothing was deleted: below ${name} there are ${first}${more}`, {
    exitCode: ExitCode.usage,
    hint: "--cascade deletes them as well.",
  });
}

/**
 * Nobody takes it any more; one of another platform is left alone. Never rejects: the workspace is gone,
 * whatever becomes of the file.
 */
async function forgetToken(id: string, values: DeleteValues, context: Context): Promise<void> {
  try {
    await removeToken(tokenPath(stateFolder(values.stateDir), id), platformAddress(context));
  } catch (error) {
    const why = codeOf(error) ?? messageOf(error);
    warn(
      context,
      `the token file of ${id} can't be removed (${why}); if there is one, it holds a dead token`,
    );
  }
}

function nameOf(row: JsonObject): string {
  return getString(row, "name") ?? idOf(row);
}

function idOf(row: JsonObject): string {
  return getString(row, "id") ?? "";
}
