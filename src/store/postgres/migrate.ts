/** Brings the schema in Postgres up to date. */
import { MoleculeError } from "../../shared/errors.ts";
import type { PostgresClient, Query } from "./client.ts";
import { MIGRATIONS } from "./schema.ts";

/** For pg_advisory_xact_lock: "MoSt", as the local store's application_id. */
const LOCK = 0x4d6f5374;

/**
 * Makes what is missing; processes that start together do it one after the other. Gives the version that
 * was found, 0 where there was none. Rejects with a MoleculeError where the schema is a newer program's.
 */
export async function migrateSchema(client: PostgresClient): Promise<number> {
  await requireEncoding(client);
  // One that is up to date is only read: its user need not be allowed to make tables.
  const found = await schemaVersion(client);
  checkVersion(found, client.place);
  if (found === MIGRATIONS.length) return found;
  return client.transaction(async (query) => {
    await query(`SELECT pg_advisory_xact_lock(${LOCK})`);
    await query("CREATE SCHEMA IF NOT EXISTS molecule");
    await query("CREATE TABLE IF NOT EXISTS molecule.schema_version (version integer NOT NULL)");
    const version = await versionIn(query);
    checkVersion(version, client.place);
    for (const step of MIGRATIONS.slice(version)) await query(step);
    if (version === 0) await query("INSERT INTO molecule.schema_version VALUES (0)");
    await query(`UPDATE molecule.schema_version SET version = ${MIGRATIONS.length}`);
    return version;
  });
}

/** The version of the schema that is there, 0 where there is none. Changes nothing. */
export async function schemaVersion(client: PostgresClient): Promise<number> {
  const found = await client.query<{ there: boolean }>(
    "SELECT to_regclass('molecule.schema_version') IS NOT NULL AS there",
  );
  return found[0]?.there === true ? versionIn((text) => client.query(text)) : 0;
}

async function versionIn(query: Query): Promise<number> {
  const rows = await query<{ version: number }>("SELECT version FROM molecule.schema_version");
  return rows[0]?.version ?? 0;
}

/** Throws a MoleculeError where the schema is a newer program's. */
export function checkVersion(version: number, place: string): void {
  if (version <= MIGRATIONS.length) return;
  throw new MoleculeError(
    `the store at ${place} was written by a newer version of molecule (schema ${version}, this one knows ${MIGRATIONS.length})`,
    { hint: "Install that version here, too: molecule --version shows which one this is." },
  );
}

/** In any other than these a message may have a letter that can't be kept, and would be tried for ever. */
async function requireEncoding(client: PostgresClient): Promise<void> {
  const [row] = await client.query<{ encoding: string }>(
    "SELECT current_setting('server_encoding') AS encoding",
  );
  if (row === undefined || ["UTF8", "SQL_ASCII"].includes(row.encoding)) return;
  throw new MoleculeError(`the database at ${client.place} is in ${row.encoding}, not in UTF-8`, {
    hint: "Make one that is: createdb -E UTF8 -T template0 molecule.",
  });
}
