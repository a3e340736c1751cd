/** `molecule agent peers`: whom a workspace can talk to. */
import type { Context } from "../../cli/command.ts";
import { UsageError } from "../../shared/errors.ts";
import { metIn, rememberWorkspaces } from "../which/known-workspaces.ts";
import { show } from "../show.ts";
import { stateFolder } from "../access/state-folder.ts";
import { withWorkspace } from "../which/resolve.ts";
import { workspacesHere } from "../which/workspaces-here.ts";
import { AGENT_COLUMNS } from "./columns.ts";
import type { PeersValues } from "./peers.ts";

/** Prints them as the platform lists them. */
export async function run(values: PeersValues, context: Context): Promise<void> {
  const workspaceId = values.workspaceId ?? (await onlyOne(stateFolder(values.stateDir)));
  const asked = { ...values, workspaceId };
  const found = await withWorkspace(asked, context, "agent", (platform, id) =>
    platform.peers(id, values.search),
  );
  await rememberWorkspaces(metIn(found), context.env);
  const empty =
    values.search === undefined
      ? "no peers (some platforms list none for a workspace without a parent, which may talk to its like all the same)"
      : "no such peers";
  await show(context, found, AGENT_COLUMNS, { empty });
}

/** The one workspace that a bridge on this machine has worked for. */
async function onlyOne(folder: string): Promise<string> {
  const known = await workspacesHere(folder);
  const [only] = known;
  if (only !== undefined && known.length === 1) return only;
  throw new UsageError(
    known.length === 0
      ? "whose peers? No workspace is known here yet"
      : `whose peers? ${known.length} workspaces are known here`,
    known.length === 0 ? "Name the workspace." : `Name one: ${known.slice(0, 10).join(", ")}.`,
  );
}
