/** Makes a copy of what is kept of a workspace, as it is at one moment. */
import { LeaseLost } from "../../shared/lease-lost.ts";
import type { PostgresClient, Query } from "./client.ts";
import { TABLES } from "./copy-schema.ts";
import { checkVersion } from "./migrate.ts";
import { unknownThere } from "./postgres-error.ts";
import { type Page, pagesOf, type Writer } from "./statements.ts";
import { type Row, WorkingCopy } from "./working-copy.ts";

/** What may be done by a client, or by one that is in a transaction. */
export type Reach = Pick<PostgresClient, "query" | "snapshot" | "place">;

/**
 * The copy, and the version of the workspace that it is of. `isTouched`: it was changed from outside since it
 * was taken. Rejects with a LeaseLost where the workspace is
 * not that writer's, and as the client does.
 */
export async function loadCopy(
  client: Reach,
  workspaceId: string,
  folder: string,
  writer: Writer | undefined,
  isTouched: boolean,
): Promise<{ copy: WorkingCopy; version: number }> {
  const copy = await WorkingCopy.make(folder);
  try {
    if (writer !== undefined && isTouched) await untouch(client, workspaceId, writer);
    const version = await client.snapshot(async (query) => {
      const found = await versionOf(query, workspaceId, client.place, writer);
      await fill(query, workspaceId, copy);
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
  client: Reach,
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
  place: string,
  writer: Writer | undefined,
): Promise<number> {
  const [row] = await query<{
    version: string;
    owner: string | null;
    epoch: string;
    schema: number;
  }>(
    `SELECT version::text, owner, epoch::text,
       (SELECT version FROM molecule.schema_version) AS schema
     FROM molecule.workspaces WHERE id = $1`,
    [workspaceId],
  );
  if (row === undefined) throw unknownThere(place, workspaceId);
  // A newer program may have changed it since we started.
  checkVersion(row.schema, place);
  if (writer !== undefined && (row.owner !== writer.owner || Number(row.epoch) !== writer.epoch)) {
    throw new LeaseLost("it was taken before it was opened here");
  }
  return Number(row.version);
}

/** Characters of rows that are read of a table at once, more or less. */
const PAGE_CHARACTERS = 4 * 1024 * 1024;

/** All tables with one query, and those again that have more: as many rows as are large enough together. */
async function fill(query: Query, workspaceId: string, copy: WorkingCopy): Promise<void> {
  const after: Record<string, number> = {};
  const most: Record<string, number> = { ...TABLES };
  for (const table of Object.keys(TABLES)) after[table] = -1;
  for (let tables = Object.keys(TABLES); tables.length > 0;) {
    const asked = { after, most };
    const pages = await query<Page>(pagesOf(tables, copy.columns), [
      workspaceId,
      JSON.stringify(asked),
    ]);
    tables = [];
    for (const { tbl: table, rows: text } of pages) {
      const rows = JSON.parse(text) as Row[];
      copy.fill(table, rows);
      after[table] = Number(rows.at(-1)?.["n"]);
      if (rows.length < (most[table] ?? 1)) continue;
      tables.push(table);
      most[table] = Math.ceil(PAGE_CHARACTERS / Math.max(1, text.length / rows.length));
    }
  }
}
