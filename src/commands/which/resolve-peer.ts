import type { Context } from "../../cli/command.ts";
import type { Management } from "../../platform/management.ts";
import { MoleculeError } from "../../shared/errors.ts";
import { isUuid } from "../../shared/ids.ts";
import { oneLine } from "../../shared/text.ts";
import { type ApiValues, apiToken } from "../access/api.ts";
import { requireUuid } from "./workspace-id.ts";
import { idAmong, resolveWorkspace } from "./resolve.ts";

/**
 * The id of the workspace that another one is to talk to: a UUID as it is; else a name, from the list of
 * an administrator where there is such a token, or else among the peers of the speaker, which `platform`
 * must be allowed to read. Without a speaker only ids can be told. Rejects with a MoleculeError.
 */
export async function resolvePeer(
  given: string,
  speaker: string | undefined,
  platform: Pick<Management, "peers">,
  values: ApiValues,
  context: Context,
): Promise<string> {
  if (isUuid(given)) return given.toLowerCase();
  if ((await apiToken(values, context)) !== undefined) {
    return resolveWorkspace(given, values, context);
  }
  if (speaker === undefined) return requireUuid(given, context.env);
  const peers = await platform.peers(speaker);
  try {
    return idAmong(peers, given);
  } catch (error) {
    // Newer platforms list no siblings that have no parent, although they may be written to (2.9).
    throw new MoleculeError(`"${oneLine(given, 80)}" is no id, and no one peer is called so`, {
      hint: "Give the id, a UUID; or an admin or organisation token, which may read all names (--api-token-file).",
      cause: error,
    });
  }
}
