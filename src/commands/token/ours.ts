/** Which of the listed tokens we have ourselves. */
import { getString, type JsonObject } from "../../shared/json.ts";
import { readToken } from "../../store/token-file.ts";
import { stateFolder } from "../state-folder.ts";
import { tokenPath } from "../../store/token-file.ts";

/** Whether the token may be the listed one, of which only the beginning can be seen. */
export function startsWith(token: string | undefined, row: JsonObject): boolean {
  const prefix = getString(row, "prefix");
  return token !== undefined && prefix !== undefined && token.startsWith(prefix);
}

/** The token that was kept for the workspace, and its file; undefined where there is none to be read. */
export async function keptToken(
  { stateDir }: { stateDir: string | undefined },
  workspaceId: string,
): Promise<{ value: string; file: string } | undefined> {
  const file = tokenPath(stateFolder(stateDir), workspaceId);
  const value = await readToken(file).catch(() => undefined);
  return value === undefined ? undefined : { value, file };
}
