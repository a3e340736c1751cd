/** What is in a shared store, seen from outside, and changing nothing. */
import { MoleculeError } from "../../shared/errors.ts";
import type { KeptToken } from "../../shared/kept-token.ts";
import { OPEN } from "../schema.ts";
import type { PostgresClient } from "./client.ts";
import { migrateSchema, schemaVersion } from "./migrate.ts";
import { MIGRATIONS } from "./schema.ts";

/** A process that shares the store, or did: what it holds is another's to take once its time has run out. */
export interface MemberView {
  host: string;
  pid: number;
  /** RFC 3339. */
  since: string;
  /** Workspaces that it serves at most; null for all. */
  capacity: number | null;
  workspaces: number;
  /** By the database's clock; less than 0 where it did not say in time that it lives. */
  expires_in_ms: number;
}

export interface WorkspaceView {
  id: string;
  /** Who has it; null where nobody has. */
  host: string | null;
  pid: number | null;
  /** RFC 3339: since when. */
  taken_at: string | null;
  /** The fencing number: one more with each who takes it. */
  epoch: number;
  unsettled: number;
  outbox: number;
  dead_letters: number;
  /** Id of the newest row below which all is settled, and its time. */
  cursor: string | null;
  settled_at: string | null;
}

/** Of all workspaces, however many are told of. */
export interface Totals {
  workspaces: number;
  held: number;
  unsettled: number;
  outbox: number;
  dead_letters: number;
}

export interface Survey {
  members: MemberView[];
  /** By their ids. */
  workspaces: WorkspaceView[];
  totals: Totals;
}

const TIME = (column: string) =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

const COUNTS = `
  count(*) FILTER (WHERE ${OPEN})::float8 AS unsettled,
  count(*) FILTER (WHERE state = 'dead')::float8 AS dead_letters`;

const MEMBERS = `
  SELECT host, pid, ${TIME("since")} AS since, capacity,
    (SELECT count(*) FROM molecule.workspaces WHERE owner = m.id)::integer AS workspaces,
    extract(epoch FROM expires_at - clock_timestamp())::float8 * 1000 AS expires_in_ms
  FROM molecule.members AS m ORDER BY m.since, m.id`;

const TOTALS = `
  SELECT * FROM
    (SELECT count(*)::float8 AS workspaces, count(owner)::float8 AS held FROM molecule.workspaces) AS w,
    (SELECT ${COUNTS} FROM molecule.messages) AS m,
    (SELECT count(*)::float8 AS outbox FROM molecule.replies WHERE state = 'pending') AS r`;

/** The workspaces $2 (JSON), or all where that is null, and $1 of them at most: each is counted by its own index. */
const WORKSPACES = `
  WITH page AS (
    SELECT * FROM molecule.workspaces
    WHERE $2::text IS NULL OR id IN (SELECT value FROM json_array_elements_text($2::text::json))
    ORDER BY id LIMIT $1::bigint)
  SELECT page.id, host, pid, ${TIME("coalesce(taken_at, since)")} AS taken_at,
    epoch::float8 AS epoch, unsettled, outbox, dead_letters,
    last_since_id AS cursor, settled_at
  FROM page LEFT JOIN molecule.members AS m ON m.id = page.owner
    LEFT JOIN molecule.cursors AS c ON c.ws = page.id
    CROSS JOIN LATERAL (SELECT ${COUNTS} FROM molecule.messages WHERE ws = page.id) AS counts
    CROSS JOIN LATERAL (SELECT count(*)::float8 AS outbox FROM molecule.replies
      WHERE ws = page.id AND state = 'pending') AS replies
  ORDER BY page.id`;

/**
 * How the store is at one moment: its processes, the first `limit` of its workspaces (or of those that `ids`
 * names), and what it holds in all. Rejects as the client does.
 */
export function survey(
  client: PostgresClient,
  limit: number,
  ids?: readonly string[],
): Promise<Survey> {
  return client.snapshot(async (query) => {
    const [totals] = await query<Totals>(TOTALS);
    if (totals === undefined) throw new Error("a count gave no row");
    const named = ids === undefined ? null : JSON.stringify(ids);
    return {
      members: await query<MemberView>(MEMBERS),
      workspaces: await query<WorkspaceView>(WORKSPACES, [limit, named]),
      totals,
    };
  });
}

/**
 * Rejects with a MoleculeError where the schema is not the one that this program knows: what stands in it
 * would be read wrongly.
 */
export async function requireSchema(client: PostgresClient): Promise<void> {
  const version = await schemaVersion(client);
  const known = MIGRATIONS.length;
  if (version === 0) {
    throw new MoleculeError(`nothing was ever kept in the store at ${client.place}`, {
      hint: "Check its address. A bridge that is started with it makes it, and so does: molecule store migrate",
    });
  }
  if (version < known) {
    throw new MoleculeError(
      `the store at ${client.place} was written by an older version of molecule (schema ${version}, this one knows ${known})`,
      {
        hint: "molecule store migrate brings it up to date; bridges of that older version end then.",
      },
    );
  }
  // Rejects for a newer one.
  if (version !== known) await migrateSchema(client);
}

/** The token that is kept of a workspace; undefined where none is. */
export async function storedToken(
  client: PostgresClient,
  workspaceId: string,
): Promise<KeptToken | undefined> {
  const [kept] = await client.query<{ value: string; platform: string | null }>(
    "SELECT value, platform FROM molecule.tokens WHERE ws = $1",
    [workspaceId],
  );
  return kept && { value: kept.value, platform: kept.platform ?? undefined };
}

/** What a bridge needs of the server. */
export interface ServerView {
  /** Of the schema; 0 where there is none. */
  version: number;
  /** The user may make the schema. */
  may_create: boolean;
  /** It only reads: another server is the one that takes changes. */
  is_standby: boolean;
  /** What goes between here and there can't be read on the way. */
  is_encrypted: boolean;
  /** Tables that the user may not work with. */
  lacking: string[];
}

/** Looks at the server and the user's rights, and changes nothing. Rejects as the client does. */
export async function inspectServer(client: PostgresClient): Promise<ServerView> {
  const version = await schemaVersion(client);
  const may = (right: string) => `has_table_privilege(c.oid, '${right}')`;
  const rights = ["SELECT", "INSERT", "UPDATE", "DELETE"].map(may).join(" AND ");
  const [row] = await client.query<Omit<ServerView, "version" | "lacking"> & { lacking: string }>(`
    SELECT has_database_privilege(current_database(), 'CREATE') AS may_create,
      pg_is_in_recovery() AS is_standby,
      coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS is_encrypted,
      (SELECT coalesce(json_agg(relname ORDER BY relname), '[]')::text
       FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
       WHERE nspname = 'molecule' AND relkind = 'r' AND relname <> 'schema_version'
         AND NOT (${rights})) AS lacking`);
  if (row === undefined) throw new Error("a question of the server gave no row");
  return { ...row, version, lacking: JSON.parse(row.lacking) as string[] };
}
