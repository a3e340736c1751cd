/** Which of the listed tokens we have ourselves. */
import type { Context } from "../../cli/command.ts";
import { getString, type JsonObject } from "../../shared/json.ts";
import { isFor } from "../../shared/kept-token.ts";
import { readToken, tokenPath } from "../../store/token-file.ts";
import { platformAddress } from "../platform-address.ts";
import { stateFolder } from "../access/state-folder.ts";

/** Whether the token may be the listed one, of which only the beginning can be seen. */
export function startsWith(token: string | undefined, row: JsonObject): boolean {
  const prefix = getString(row, "prefix");
  return token !== undefined && prefix !== undefined && token.startsWith(prefix);
}

/** The token that was kept for the workspace of this platform, and its file; undefined where there is none to be read. */
export async function keptToken(
  { stateDir }: { stateDir: string | undefined },
  workspaceId: string,
  context: Context,
): Promise<{ value: string; file: string } | undefined> {
  const file = tokenPath(stateFolder(stateDir), workspaceId);
  const kept = await readToken(file).catch(() => undefined);
  const isOurs = kept !== undefined && isFor(kept, platformAddress(context));
  return isOurs ? { value: kept.value, file } : undefined;
}
