/** State of this machine that a bridge would pass over, and begin anew beside it. */
import { existsSync } from "node:fs";
import { ExitCode, MoleculeError } from "../../shared/errors.ts";
import { pathsOf } from "../../store/local.ts";
import type { PostgresStores } from "../../store/postgres/stores.ts";

/**
 * Rejects where the state folder has something of the workspace that was not moved into the shared store, and
 * where it was moved and no store is named: messages would be lost, or the workspace served twice.
 */
export async function refuseLeftBehind(
  folder: string,
  workspaceId: string,
  stores: Pick<PostgresStores, "knows"> | undefined,
): Promise<void> {
  const { database, cursor } = pathsOf(folder, workspaceId);
  const isHere = existsSync(database) || existsSync(cursor);
  if (stores !== undefined) {
    if (!isHere || (await stores.knows(workspaceId))) return;
    throw new MoleculeError(
      `${folder} keeps messages of workspace ${workspaceId}, and the shared store knows nothing of it`,
      {
        exitCode: ExitCode.usage,
        hint: `Move them in with molecule store migrate ${workspaceId}. To begin without them, move ${workspaceId}.db and .json away.`,
      },
    );
  }
  const moved = [database, cursor].map((path) => `${path}.moved`).find((path) => existsSync(path));
  if (isHere || moved === undefined) return;
  throw new MoleculeError(
    `what was kept of workspace ${workspaceId} was moved into a shared store, and none is named`,
    {
      exitCode: ExitCode.usage,
      hint: `Name it with --store-file. To begin anew on this machine alone, remove ${moved} and its like.`,
    },
  );
}
