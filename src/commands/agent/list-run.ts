/** `molecule agent list`: the agents of all workspaces, or those that one of them sees. */
import type { Context } from "../../cli/command.ts";
import type { JsonObject } from "../../shared/json.ts";
import { apiToken, withManagement } from "../access/api.ts";
import { metIn, rememberWorkspaces, replaceKnown } from "../which/known-workspaces.ts";
import { logFor } from "../logging.ts";
import { show } from "../show.ts";
import { withWorkspace } from "../which/resolve.ts";
import { AGENT_COLUMNS } from "./columns.ts";
import type { ListValues } from "./list.ts";

/** Prints them as the platform lists them. */
export async function run(values: ListValues, context: Context): Promise<void> {
  await show(context, await find(values, context), AGENT_COLUMNS, { empty: "no agents" });
}

async function find(values: ListValues, context: Context): Promise<JsonObject[]> {
  if (values.workspace === undefined) {
    const all = await withManagement(values, context, "admin", undefined, (platform) =>
      platform.workspaces(),
    );
    await replaceKnown(metIn(all), context.env);
    return all;
  }
  const asked = { ...values, workspaceId: values.workspace };
  const found = await withWorkspace(asked, context, "agent", async (platform, id) => {
    const [own, peers] = await Promise.all([platform.workspace(id), platform.peers(id)]);
    return [own, ...peers];
  });
  await rememberWorkspaces(metIn(found), context.env);
  if ((await apiToken(values, context)) === undefined) {
    logFor(context).info(
      "these are the workspace and those that it can reach; --api-token-file and no --workspace lists all",
    );
  }
  return found;
}
