/**
 * What a member asks of Postgres. Whether a lease has run out only the database's clock tells, and a
 * member that is removed holds nothing any more: both are decided in one statement, under the row's lock.
 */
import { hostname } from "node:os";
import type { Holder } from "../store-lock.ts";
import type { PostgresClient } from "./client.ts";
import { CHANNEL, FREE, type Writer } from "./statements.ts";

/** A last word that takes longer is none. */
const LAST_WORD_MS = 2_000;
/** What is told to people need not be known. */
const TOLD_MS = 1_000;

/** A process among those that share the database. */
export interface Self {
  readonly id: string;
  readonly leaseMs: number;
  readonly capacity: number | undefined;
  /** Tells its list of workspaces from others: those of one list share it. */
  readonly list: string;
}

export interface Renewal {
  /** We were not known, or had been removed: what we held may be another's. */
  joined: boolean;
  /** Workspaces of ours that were changed from outside. */
  touched: string[];
  /** When the next of the others runs out, in ms; undefined where there is none. */
  nextMs: number | undefined;
  /** What the others of our list serve or wait for within their limits, of those that have one and live. */
  othersCapacity: number;
  /** How many others of our list serve something. */
  othersServing: number;
}

/**
 * How long a query may take beside which we say that we live: of a lease of usual length there is enough left
 * for another over a new connection, which is what comes after one that was not answered in time.
 */
function limitOf({ leaseMs }: Self): number {
  return Math.min(Math.max(1_000, leaseMs / 4), 2_000);
}

/** What a process has to do. */
export interface Load {
  /** Workspaces that it serves, and those that it waits for. */
  holding: number;
  waiting: number;
}

/** Says that we live, for one lease from now on, and what we have to do. */
export async function renew(
  client: PostgresClient,
  self: Self,
  { holding, waiting }: Load,
): Promise<Renewal> {
  const lease = "clock_timestamp() + $2::float8 * interval '1 millisecond'";
  const others = `FROM molecule.members
        WHERE id <> $1 AND list = $5 AND expires_at > clock_timestamp()`;
  const seen = `
    SELECT
      (SELECT coalesce(json_agg(id), '[]')::text FROM molecule.workspaces
        WHERE owner = $1 AND touched) AS touched,
      (SELECT extract(epoch FROM min(expires_at) - clock_timestamp())::float8 * 1000
        FROM molecule.members WHERE id <> $1) AS next_ms,
      (SELECT coalesce(sum(least(capacity, holding + waiting)), 0)::float8 ${others}
        AND capacity IS NOT NULL) AS capacity,
      (SELECT count(*)::float8 ${others} AND holding > 0) AS serving`;
  const ask = (how: string, values: unknown[]) =>
    client.query<{ touched: string; next_ms: number | null; capacity: number; serving: number }>(
      `WITH me AS (${how} RETURNING 1) ${seen} FROM me`,
      [self.id, self.leaseMs, holding, waiting, self.list, ...values],
      limitOf(self),
    );
  let [row] = await ask(
    `UPDATE molecule.members SET expires_at = ${lease}, holding = $3::integer,
       waiting = $4::integer WHERE id = $1`,
    [],
  );
  const joined = row === undefined;
  if (row === undefined) {
    [row] = await ask(
      `INSERT INTO molecule.members (id, expires_at, holding, waiting, list, host, pid, capacity)
       VALUES ($1, ${lease}, $3::integer, $4::integer, $5, $6, $7::integer, $8::integer)
       ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at`,
      [hostname(), process.pid, self.capacity ?? null],
    );
  }
  return {
    joined,
    touched: JSON.parse(row?.touched ?? "[]") as string[],
    nextMs: row?.next_ms ?? undefined,
    othersCapacity: row?.capacity ?? 0,
    othersServing: row?.serving ?? 0,
  };
}

/**
 * Removes members whose lease has run out, which frees what they held; gives how many. After a start of
 * the database each has the time of a lease to say that it lives: none could while it was away.
 */
export async function removeExpired(client: PostgresClient, self: Self): Promise<number> {
  const [row] = await client.query<{ n: number }>(
    `WITH gone AS (
       DELETE FROM molecule.members WHERE id <> $1 AND expires_at < clock_timestamp()
         AND clock_timestamp() > pg_postmaster_start_time() + $2::float8 * interval '1 millisecond'
       RETURNING 1)
     SELECT (SELECT count(*) FROM gone)::integer AS n,
       (SELECT pg_notify('${CHANNEL}', '${FREE}') FROM gone LIMIT 1)::text AS told`,
    [self.id, self.leaseMs],
    limitOf(self),
  );
  return row?.n ?? 0;
}

/** Makes the rows of workspaces that nobody has had yet. */
export async function enter(client: PostgresClient, ids: readonly string[]): Promise<void> {
  await client.query(
    `INSERT INTO molecule.workspaces (id)
     SELECT value FROM json_array_elements_text($1::text::json) ON CONFLICT DO NOTHING`,
    [JSON.stringify(ids)],
  );
}

/**
 * Takes at most so many of these that are free, and gives each with its new fencing number. Which ones
 * come first is mixed by our id, so that those who claim at once do not all want the same.
 */
export async function claim(
  client: PostgresClient,
  self: Self,
  ids: readonly string[],
  most: number,
): Promise<Map<string, Writer>> {
  const rows = await client.query<{ id: string; epoch: string }>(
    `WITH free AS (
       SELECT id FROM molecule.workspaces
       -- Not by the index of the owners: of those that nobody has there may be far more than are asked for.
       WHERE coalesce(owner, '') = '' AND id IN (SELECT value FROM json_array_elements_text($2::text::json))
       ORDER BY md5(id || $1) LIMIT $3::integer FOR UPDATE SKIP LOCKED)
     UPDATE molecule.workspaces AS w SET owner = $1, epoch = w.epoch + 1, touched = false,
       taken_at = clock_timestamp()
     FROM free WHERE w.id = free.id RETURNING w.id, w.epoch::text AS epoch`,
    [self.id, JSON.stringify(ids), most],
    limitOf(self),
  );
  return new Map(rows.map(({ id, epoch }) => [id, { owner: self.id, epoch: Number(epoch) }]));
}

/**
 * Takes back what nobody has had since it was ours, and gives which; frees what else is said to be ours. What is
 * taken back has a new version: a commit from before, which is given up and still on its way, does nothing.
 */
export async function reconcile(
  client: PostgresClient,
  self: Self,
  held: ReadonlyMap<string, Writer>,
): Promise<Set<string>> {
  const list = [...held].map(([id, { epoch }]) => ({ id, epoch }));
  const [row] = await client.query<{ kept: string }>(
    `WITH mine AS (SELECT * FROM json_to_recordset($2::text::json) AS m(id text, epoch bigint)),
     kept AS (
       UPDATE molecule.workspaces AS w SET owner = $1, version = version + (owner IS NULL)::integer
       FROM mine WHERE w.id = mine.id AND w.epoch = mine.epoch AND (w.owner IS NULL OR w.owner = $1)
       RETURNING w.id),
     freed AS (
       UPDATE molecule.workspaces AS w SET owner = NULL WHERE w.owner = $1
         AND NOT EXISTS (SELECT 1 FROM mine WHERE mine.id = w.id AND mine.epoch = w.epoch)
       RETURNING 1)
     SELECT (SELECT coalesce(json_agg(id), '[]') FROM kept)::text AS kept,
       (SELECT pg_notify('${CHANNEL}', '${FREE}') FROM freed LIMIT 1)::text AS told`,
    [self.id, JSON.stringify(list)],
    limitOf(self),
  );
  return new Set(JSON.parse(row?.kept ?? "[]") as string[]);
}

/** Whether it is still that writer's. */
export async function isHeldBy(
  client: PostgresClient,
  id: string,
  { owner, epoch }: Writer,
): Promise<boolean> {
  const rows = await client.query(
    "SELECT 1 FROM molecule.workspaces WHERE id = $1 AND owner = $2 AND epoch = $3",
    [id, owner, epoch],
  );
  return rows.length > 0;
}

export async function release(
  client: PostgresClient,
  id: string,
  { owner, epoch }: Writer,
): Promise<void> {
  await client.query(
    `WITH freed AS (
       UPDATE molecule.workspaces SET owner = NULL WHERE id = $1 AND owner = $2 AND epoch = $3
       RETURNING 1)
     SELECT pg_notify('${CHANNEL}', '${FREE}')::text FROM freed`,
    [id, owner, epoch],
  );
}

/** The end of a member, with all that it still holds. */
export async function leave(client: PostgresClient, self: Self): Promise<void> {
  await client.query(
    `WITH gone AS (DELETE FROM molecule.members WHERE id = $1 RETURNING 1)
     SELECT pg_notify('${CHANNEL}', '${FREE}')::text FROM gone`,
    [self.id],
    LAST_WORD_MS,
  );
}

/** Who has it; undefined where nobody has. */
export async function holderOf(client: PostgresClient, id: string): Promise<Holder | undefined> {
  const [row] = await client.query<{ pid: number; host: string; since: string }>(
    `SELECT pid, host,
       to_char(coalesce(taken_at, since) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
     FROM molecule.workspaces AS w JOIN molecule.members AS m ON m.id = w.owner WHERE w.id = $1`,
    [id],
    TOLD_MS,
  );
  return row;
}
