/**
 * Moves what the state folder keeps of a workspace into a shared store: in one transaction, counted before it is
 * committed, and only then are the local files put aside. Cut off at any moment it has lost nothing, and can be
 * done again: what was committed is known by the last row of the feed that was seen.
 */
import { systemClock, type Clock } from "../../shared/clock.ts";
import { MoleculeError } from "../../shared/errors.ts";
import { LocalLock, whoHolds } from "../lock.ts";
import { pathsOf } from "../local.ts";
import type { Holder } from "../store-lock.ts";
import type { PostgresClient, Query } from "./client.ts";
import { copySchema, TABLES } from "./copy-schema.ts";
import { LocalState } from "./local-state.ts";
import { enter } from "./member-queries.ts";
import { commitOf } from "./statements.ts";

/** Half a gigabyte of messages may have a slow way to go. */
const MOVE_MS = 3_600_000;

export interface Moved {
  /** `moved before`: an earlier move was cut off right before the local files were put aside. */
  status: "moved" | "would move" | "moved before";
  /** Of all tables, the cursor and the token. */
  rows: number;
  unsettled: number;
  deadLetters: number;
  /** Paths of the local files under their new names. */
  aside: string[];
}

/**
 * Moves one workspace. The schema in Postgres must be up to date. Rejects with a MoleculeError where a bridge has
 * the workspace, here or elsewhere, where the shared store has something of it already, for a local file that can't
 * be used, and as the client does: nothing has changed then that would not be found again.
 */
export async function moveIn(
  client: PostgresClient,
  folder: string,
  workspaceId: string,
  clock: Clock = systemClock,
): Promise<Moved> {
  const paths = pathsOf(folder, workspaceId);
  const lock = new LocalLock(paths.lock, paths.holder, clock);
  const taken = await lock.take();
  if (taken !== "taken") throw heldHere(workspaceId, taken.heldBy);
  try {
    return await move(client, folder, workspaceId);
  } finally {
    await lock.release();
  }
}

async function move(client: PostgresClient, folder: string, workspaceId: string): Promise<Moved> {
  const local = await LocalState.open(folder, workspaceId, false);
  try {
    const { counts, numbers } = countsOf(local);
    // First and by itself: others make such rows, too, and would wait for us to the end.
    await enter(client, [workspaceId]);
    const status = await client.transaction(async (query) => {
      const version = await lockRow(query, workspaceId);
      if (await isThere(query, workspaceId, local)) return "moved before";
      await refuse(query, client.place, workspaceId);
      await copy(query, workspaceId, version, local);
      await compare(query, workspaceId, counts);
      return "moved";
    }, MOVE_MS);
    return { status, ...numbers, aside: await local.setAside() };
  } finally {
    local.close();
  }
}

/** What {@link moveIn} would do; nothing is changed. `isEmpty`: there is no schema in Postgres yet. Rejects as that. */
export async function wouldMoveIn(
  client: PostgresClient,
  folder: string,
  workspaceId: string,
  isEmpty: boolean,
): Promise<Moved> {
  const paths = pathsOf(folder, workspaceId);
  const held = await whoHolds(paths.lock, paths.holder);
  if (held !== undefined) throw heldHere(workspaceId, held.holder);
  const local = await LocalState.open(folder, workspaceId, true);
  try {
    const { numbers } = countsOf(local);
    const isMoved = isEmpty
      ? false
      : await client.snapshot(async (query) => {
          const found = await isThere(query, workspaceId, local);
          if (!found) await refuse(query, client.place, workspaceId);
          return found;
        });
    return { status: isMoved ? "moved before" : "would move", ...numbers, aside: [] };
  } finally {
    local.close();
  }
}

function countsOf(local: LocalState) {
  const counts = local.counts();
  const rows = Object.values(counts).reduce((sum, n) => sum + n, 0);
  return { counts, numbers: { rows, ...local.letters() } };
}

/** Nobody can take the workspace, or change anything of it, until the transaction ends. Gives its version. */
async function lockRow(query: Query, workspaceId: string): Promise<number> {
  const [row] = await query<{ version: string }>(
    "SELECT version::text AS version FROM molecule.workspaces WHERE id = $1 FOR UPDATE",
    [workspaceId],
  );
  if (row === undefined) throw changedMeanwhile(workspaceId);
  return Number(row.version);
}

/**
 * Whether the shared store has what is here, whatever was added there since. Where nothing was ever seen, what is
 * left to go by is where the first window began, and the token.
 */
async function isThere(query: Query, workspaceId: string, local: LocalState): Promise<boolean> {
  const { witness, cursor, token } = local;
  if (witness !== undefined) {
    const { n, id, entered_ms: enteredMs } = witness;
    const found = await query(
      "SELECT 1 FROM molecule.seen WHERE ws = $1 AND n = $2 AND id = $3 AND entered_ms = $4",
      [workspaceId, n, id, enteredMs],
    );
    return found.length > 0;
  }
  if (!(await hasAny(query, workspaceId))) return false;
  const [row] = await query<{ cursors: boolean; tokens: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM molecule.cursors WHERE ws = $1
         AND CASE WHEN $2::text IS NULL THEN last_since_id = $3 ELSE window_start = $2 END) AS cursors,
       EXISTS (SELECT 1 FROM molecule.tokens WHERE ws = $1 AND value = $4) AS tokens`,
    [workspaceId, cursor?.windowStart ?? null, cursor?.lastSinceId ?? null, token?.value ?? null],
  );
  const isSame = (here: unknown, there = false) => here === undefined || there;
  return isSame(cursor, row?.cursors) && isSame(token, row?.tokens);
}

/** Rejects where the workspace is somebody's, or there is something of it already. */
async function refuse(query: Query, place: string, workspaceId: string): Promise<void> {
  const [holder] = await query<{ host: string; pid: number }>(
    `SELECT host, pid FROM molecule.workspaces AS w JOIN molecule.members AS m ON m.id = w.owner
     WHERE w.id = $1 AND expires_at > clock_timestamp()`,
    [workspaceId],
  );
  if (holder !== undefined) {
    const { host, pid } = holder;
    throw new MoleculeError(
      `a bridge on the shared store has workspace ${workspaceId}: process ${pid} on ${host}`,
      { hint: "Stop that one first." },
    );
  }
  if (!(await hasAny(query, workspaceId))) return;
  throw new MoleculeError(
    `the store at ${place} has something of workspace ${workspaceId} already`,
    {
      hint:
        "The two can't be made one. Where the shared one counts, move the local files away " +
        `(${workspaceId}.db, .json, .token).`,
    },
  );
}

async function hasAny(query: Query, workspaceId: string): Promise<boolean> {
  const each = Object.keys(TABLES).map(
    (table) => `EXISTS (SELECT 1 FROM molecule.${table} WHERE ws = $1)`,
  );
  const [row] = await query<{ has: boolean }>(`SELECT ${each.join(" OR ")} AS has`, [workspaceId]);
  return row?.has === true;
}

async function copy(
  query: Query,
  workspaceId: string,
  first: number,
  local: LocalState,
): Promise<void> {
  const { columns } = copySchema();
  let version = first;
  for (const table of Object.keys(TABLES)) {
    for (const put of local.chunks(table)) {
      const changes = [{ table, put, gone: [] }];
      const { text, values } = commitOf(workspaceId, version, "", undefined, changes, columns);
      const [done] = await query<{ n: number }>(text, values);
      if (done?.n !== 1) throw changedMeanwhile(workspaceId);
      version += 1;
    }
  }
  // Who had it, and did not say in time that it lives, does not get it back.
  await query(
    "UPDATE molecule.workspaces SET owner = NULL, epoch = epoch + 1 WHERE id = $1 AND owner IS NOT NULL",
    [workspaceId],
  );
}

/** Rejects, which undoes it all, where a table there has not as many rows as here. */
async function compare(
  query: Query,
  workspaceId: string,
  counts: Readonly<Record<string, number>>,
): Promise<void> {
  const each = Object.keys(TABLES).map(
    (table) =>
      `SELECT '${table}' AS tbl, count(*)::float8 AS n FROM molecule.${table} WHERE ws = $1`,
  );
  const found = await query<{ tbl: string; n: number }>(each.join(" UNION ALL "), [workspaceId]);
  for (const { tbl, n } of found) {
    const here = counts[tbl] ?? 0;
    if (n === here) continue;
    throw new MoleculeError(
      `of ${here} rows of ${tbl} ${n} arrived in the shared store: nothing was moved of workspace ${workspaceId}`,
      { hint: "Look at the database's log; molecule doctor looks at the local files." },
    );
  }
}

function changedMeanwhile(workspaceId: string): MoleculeError {
  return new MoleculeError(`workspace ${workspaceId} was changed in the shared store meanwhile`, {
    hint: "Nothing was moved; try again.",
  });
}

function heldHere(workspaceId: string, holder: Holder | undefined): MoleculeError {
  const who = holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`;
  return new MoleculeError(`a bridge here has workspace ${workspaceId}: ${who}`, {
    hint: "Stop it first: what it keeps is moved as a whole.",
  });
}
