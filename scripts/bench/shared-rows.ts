/** What Postgres does as processes and workspaces grow many: most of the rows are made there. */
import { SQL } from "bun";
import { systemClock } from "../../src/shared/clock.ts";
import { parseStoreAddress } from "../../src/store/postgres/address.ts";
import { PostgresClient } from "../../src/store/postgres/client.ts";
import { claim, removeExpired, renew } from "../../src/store/postgres/member-queries.ts";
import { migrateSchema } from "../../src/store/postgres/migrate.ts";
import { median } from "./measurement.ts";

const WORKSPACES = 100_000;
const MEMBERS = [100, 1_000];
const RENEWALS = 2_000;
const WANTED = [1_000, 10_000, 100_000];
const CLAIMS = 5;

/** So many rows of 30 days of their feeds for these workspaces, all settled, and the ids of the last seven. */
export async function fillSeen(url: string, ids: readonly string[], each: number): Promise<void> {
  await using sql = new SQL(url, { max: 1 });
  const filled = (columns: string, rows: number) =>
    `SELECT ws, n, ${columns} FROM json_array_elements_text($1::text::json) AS ws,
       generate_series(1, ${rows}) AS n`;
  const id = "md5(ws || n)::uuid::text";
  const at =
    "to_char(timestamp '2020-01-01' + n * interval '6 minutes', 'YYYY-MM-DD\"T\"HH24:MI:SS.US000Z')";
  const now = "extract(epoch FROM now())::bigint * 1000";
  for (const query of [
    "INSERT INTO molecule.workspaces (id) SELECT value FROM json_array_elements_text($1::text::json)",
    `INSERT INTO molecule.seen (ws, n, id, at, entered_ms) ${filled(`${id}, ${at}, ${now}`, each)}`,
    `INSERT INTO molecule.sent_ids (ws, n, key, digest, activity_id, entered_ms)
     ${filled(`'/' || ${id}, ${id}, ${id}, ${now}`, Math.floor((each * 7) / 30))}`,
  ]) {
    await sql.unsafe(query, [JSON.stringify(ids)]);
  }
  await sql.unsafe("VACUUM ANALYZE");
}

/** Renewals, and claims that find nothing, by the numbers of members and of workspaces. */
export async function measureMembers(url: string): Promise<{ what: string; measured: string }[]> {
  const address = parseStoreAddress(url);
  if (address === undefined) throw new Error("there is no address of a store");
  const client = new PostgresClient(address, systemClock, 1);
  const self = { id: crypto.randomUUID(), leaseMs: 60_000, capacity: undefined, list: "" };
  const figures = [];
  try {
    await migrateSchema(client);
    for (const members of MEMBERS) {
      await fill(client, members);
      const renewed = await times(RENEWALS, () => renew(client, self, { holding: 0, waiting: 0 }));
      figures.push({
        what: `a renewal with ${WORKSPACES} workspaces of ${members} processes`,
        measured: ms(renewed),
      });
    }
    await client.query("SELECT pg_sleep(1.1)");
    // What this connection has counted is told with its next transaction.
    await renew(client, self, { holding: 0, waiting: 0 });
    const [row] = await client.query<{ hot: number; bytes: number }>(
      `SELECT n_tup_hot_upd::float8 / n_tup_upd AS hot, pg_total_relation_size(relid)::float8 AS bytes
       FROM pg_stat_user_tables WHERE relname = 'members'`,
    );
    figures.push({
      what: `${RENEWALS * MEMBERS.length} renewals: updates within a page (HOT), the table afterwards`,
      measured: `${((row?.hot ?? 0) * 100).toFixed(1)} %, ${((row?.bytes ?? 0) / 1024).toFixed(0)} KiB`,
    });
    for (const wanted of WANTED) {
      const ids = await client.query<{ id: string }>(
        `SELECT id FROM molecule.workspaces LIMIT ${wanted}`,
      );
      const asked = ids.map(({ id }) => id);
      const claimed = await times(CLAIMS, () => claim(client, self, asked, wanted));
      figures.push({
        what: `a look of one that waits for ${wanted} of them, none of which is free`,
        measured: ms(claimed),
      });
    }
    await client.query("UPDATE molecule.members SET expires_at = now() WHERE id = '0'");
    await client.query("SELECT pg_sleep(0.01)");
    const remove = () => times(1, () => removeExpired(client, { ...self, leaseMs: 0 }));
    const one = await remove();
    await client.query("UPDATE molecule.members SET expires_at = now() WHERE id <> $1", [self.id]);
    const all = await remove();
    const ids = await client.query<{ id: string }>("SELECT id FROM molecule.workspaces LIMIT 1000");
    const asked = ids.map(({ id }) => id);
    // One that takes too long is given up. What the planner knows is of the time when none was free.
    const taken = await times(1, () => claim(client, self, asked, asked.length).catch(() => {}));
    const last = MEMBERS.at(-1) ?? 1;
    figures.push(
      { what: `a process removed that held ${WORKSPACES / last} of them`, measured: ms(one) },
      { what: `all ${last} removed`, measured: ms(all) },
      { what: `${asked.length} taken, as all ${WORKSPACES} are free`, measured: ms(taken) },
    );
    return figures;
  } finally {
    await client.close();
  }
}

/** All workspaces are those of so many others, who live for long. */
async function fill(client: PostgresClient, members: number): Promise<void> {
  await client.query("DELETE FROM molecule.workspaces");
  await client.query("DELETE FROM molecule.members");
  await client.query(
    `INSERT INTO molecule.members (id, host, pid, capacity, expires_at)
     SELECT n::text, 'host', n, 1000, now() + interval '1 day' FROM generate_series(0, ${members - 1}) AS n`,
  );
  await client.query(
    `INSERT INTO molecule.workspaces (id, owner)
     SELECT gen_random_uuid()::text, (n % ${members})::text FROM generate_series(1, ${WORKSPACES}) AS n`,
  );
  await client.query("VACUUM ANALYZE molecule.members, molecule.workspaces");
}

function ms(values: readonly number[]): string {
  return `${median(values).toFixed(2)} ms`;
}

async function times(count: number, work: () => Promise<unknown>): Promise<number[]> {
  const all: number[] = [];
  for (let n = 0; n < count; n++) {
    const began = performance.now();
    await work();
    all.push(performance.now() - began);
  }
  return all;
}
