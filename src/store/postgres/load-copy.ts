/** Makes a copy of what is kept of a workspace, as it is at one moment. */
import { LeaseLost } from "../../shared/lease-lost.ts";
import { MoleculeError } from "../../shared/errors.ts";
import type { PostgresClient, Query } from "./client.ts";
import { pageOf, rowsIn, type Writer } from "./statements.ts";
import { TABLES, WorkingCopy } from "./working-copy.ts";

/**
 * The copy, and the version of the workspace that it is of. Rejects with a LeaseLost where the workspace is
 * not that writer's, and as the client does.
 */
export async function loadCopy(
  client: PostgresClient,
  workspaceId: string,
  folder: string,
  writer: Writer | undefined,
): Promise<{ copy: WorkingCopy; version: number }> {
  const copy = await WorkingCopy.make(folder);
  try {
    if (writer !== undefined) await untouch(client, workspaceId, writer);
    const version = await client.snapshot(async (query) => {
      const found = await versionOf(query, workspaceId, writer);
      for (const [table, size] of Object.entries(TABLES)) {
        await fill(query, workspaceId, copy, table, size);
      }
      return found;
    });
    copy.watch();
    return { copy, version };
  } catch (error) {
    copy.close();
    throw error;
  }
}

/** Before it is read: what is changed from outside after that is told anew. */
async function untouch(
  client: PostgresClient,
  workspaceId: string,
  { owner, epoch }: Writer,
): Promise<void> {
  await client.query(
    `UPDATE molecule.workspaces SET touched = false
     WHERE id = $1 AND owner = $2 AND epoch = $3 AND touched`,
    [workspaceId, owner, epoch],
  );
}

async function versionOf(
  query: Query,
  workspaceId: string,
  writer: Writer | undefined,
): Promise<number> {
  const [row] = await query<{ version: string; owner: string | null; epoch: string }>(
    "SELECT version::text, owner, epoch::text FROM molecule.workspaces WHERE id = $1",
    [workspaceId],
  );
  if (row === undefined) throw new MoleculeError(`the store knows nothing of ${workspaceId}`);
  if (writer !== undefined && (row.owner !== writer.owner || Number(row.epoch) !== writer.epoch)) {
    throw new LeaseLost("it was taken before it was opened here");
  }
  return Number(row.version);
}

async function fill(
  query: Query,
  workspaceId: string,
  copy: WorkingCopy,
  table: string,
  size: number,
): Promise<void> {
  const text = pageOf(table, copy.columns.get(table) ?? []);
  for (let after = -1; ;) {
    const rows = rowsIn(await query<{ rows: string }>(text, [workspaceId, after, size]));
    copy.fill(table, rows);
    if (rows.length < size) return;
    after = Number(rows.at(-1)?.["n"]);
  }
}
