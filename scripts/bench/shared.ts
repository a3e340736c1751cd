/** What a store costs that machines share, in a Postgres of its own. Linux, where there is a Postgres. */
import { availableParallelism } from "node:os";
import { SQL } from "bun";
import { systemClock } from "../../src/shared/clock.ts";
import { LocalStore } from "../../src/store/local.ts";
import { parseStoreAddress } from "../../src/store/postgres/address.ts";
import { PostgresStores } from "../../src/store/postgres/stores.ts";
import type { Store } from "../../src/store/store.ts";
import { postgresPrograms } from "../../test/harness/postgres.ts";
import { type Figure, type Measurement, median, spread } from "./measurement.ts";
import { FLEET, idle, takeOver } from "./shared-fleet.ts";
import { type Line, MeasuredPostgres, newIds, number, type Part } from "./shared-postgres.ts";
import { SharedProcess } from "./shared-process.ts";
import { fillSeen, measureMembers } from "./shared-rows.ts";
import { COMMITS, message, newRow, type Step } from "./shared-work.ts";
import type { Workbench } from "./workbench.ts";

const ROUNDS = 5;
const PAGES = 5;
const PAGE_ROWS = 100;
const MESSAGES = 200;
const BUSY = 64;
const PROCESSES = [1, 2, 3];
const EACH = 40;

export const shared: Measurement = { name: "shared", measure };

async function measure(bench: Workbench): Promise<Figure[]> {
  if (process.platform !== "linux" || postgresPrograms() === undefined) {
    bench.say("shared: there is no Postgres here, so nothing is measured");
    return [];
  }
  await using postgres = await MeasuredPostgres.start();
  const lines: Line[] = [];
  for (const part of [steps, messages, load, spreadOut, idle, takeOver, rows]) {
    bench.say(`shared: ${part.name}`);
    lines.push(...(await part(bench, postgres)));
  }
  const server = { what: "the server of all that follows", measured: await postgres.version() };
  return [server, ...lines].map((line) => ({ ...line, aim: "" }));
}

/** Each step on the disk and in Postgres, in turns. */
const steps: Part = async (bench, postgres) => {
  await using stores = await connect(await postgres.newDatabase());
  const id = crypto.randomUUID();
  const pair: Store[] = [
    new LocalStore(bench.newFolder(), id, { clock: systemClock }),
    stores.of(id, { folder: bench.newFolder() }),
  ];
  const times = pair.map(() => new Map<string, number[]>());
  for (const store of pair) await opened(store);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [index, store] of pair.entries()) {
      for (const [name, ms] of await measureRound(store)) {
        // The first one warms up.
        if (round > 0) times[index]?.set(name, [...(times[index]?.get(name) ?? []), ms]);
      }
    }
  }
  for (const store of pair) await store.close();
  const [local, remote] = times;
  return [...(local ?? [])].map(([name, ms]) => {
    const there = remote?.get(name) ?? [];
    const ratio = (median(there) / median(ms)).toFixed(1);
    return {
      what: `${name}: local, shared`,
      measured: `${spread(ms, 2)} ms, ${spread(there, 2)} ms: ${ratio} times`,
    };
  });
};

/** Means of a round, in ms. */
async function measureRound(store: Store): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  const timed = async <T>(name: string, count: number, work: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const value = await work();
    sums.set(name, (sums.get(name) ?? 0) + (performance.now() - began) / count);
    return value;
  };
  for (let n = 0; n < PAGES; n++) {
    const page = Array.from({ length: PAGE_ROWS }, newRow);
    await timed(`a page of ${PAGE_ROWS} rows of 1 KiB entered`, PAGES, () =>
      store.journal.admit(page, undefined),
    );
    for (const { id } of page) await store.journal.settle(id);
  }
  const step: Step = (name, work) => timed(name, MESSAGES, work);
  for (let n = 0; n < MESSAGES; n++) {
    await timed("a whole message", MESSAGES, () => message(store, step));
  }
  return sums;
}

/** What a message leaves in Postgres. */
const messages: Part = async (bench, postgres) => {
  const url = await postgres.newDatabase();
  const one = await SharedProcess.start(bench, url);
  await one.do({ kind: "take", ids: [crypto.randomUUID()] });
  await one.do({ kind: "work", each: MESSAGES });
  await using sql = new SQL(url, { max: 1 });
  const commits = () => number(sql, "SELECT sum(version)::float8 FROM molecule.workspaces");
  const written = () =>
    number(sql, "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::float8 FROM pg_stat_user_tables");
  const before = [await commits(), await postgres.wal()] as const;
  await one.do({ kind: "work", each: MESSAGES * ROUNDS });
  const count = MESSAGES * ROUNDS;
  const per = (value: number) => value / count;
  const wal = per((await postgres.wal()) - before[1]);
  const done = per((await commits()) - before[0]);
  // Its connections tell what they have counted when they end.
  await one.end();
  const all = await written();
  await sql.unsafe("VACUUM FULL");
  const bytes = await number(
    sql,
    `SELECT sum(pg_total_relation_size(oid))::float8 FROM pg_class
     WHERE relkind = 'r' AND relnamespace = 'molecule'::regnamespace`,
  );
  const total = count + MESSAGES;
  return [
    { what: "a message of 1 KiB and its answer: commits", measured: done.toFixed(1) },
    {
      what: "rows written, changed or removed for it",
      measured: (all / total).toFixed(1),
    },
    { what: "write-ahead log for it, one workspace at work", measured: kib(wal) },
    { what: "what stays of it in tables and indexes", measured: kib(bytes / total) },
  ];
};

/** As much as one Postgres takes. */
const load: Part = async (bench, postgres) => {
  const figures = [];
  for (const count of PROCESSES) {
    const url = await postgres.newDatabase();
    const all: SharedProcess[] = [];
    for (let n = 0; n < count; n++) {
      const one = await SharedProcess.start(bench, url);
      await one.do({ kind: "take", ids: newIds(Math.ceil((BUSY - n) / count)) });
      all.push(one);
    }
    const work = () => Promise.all(all.map((one) => one.do({ kind: "work", each: EACH })));
    await work();
    const rates: number[] = [];
    let [server, ours, ms] = [0, 0, 0];
    for (let round = 0; round < ROUNDS; round++) {
      const before = postgres.cpuMs();
      const told = await work();
      server += postgres.cpuMs() - before;
      ours += told.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
      const took = Math.max(...told.map((one) => one.endedAt - one.begunAt));
      ms += took;
      rates.push((BUSY * EACH * 1_000) / took);
    }
    for (const one of all) await one.end();
    const cores = (cpuMs: number) => (cpuMs / ms).toFixed(2);
    const rest = `cores taken: Postgres ${cores(server)}, ours ${cores(ours)} of ${availableParallelism()}`;
    const each = (ms: number) => (ms / (ROUNDS * BUSY * EACH)).toFixed(2);
    figures.push({
      what: `messages a second of ${BUSY} workspaces at once in ${count === 1 ? "one process" : `${count} processes`}, ${COMMITS} commits each`,
      measured: `${spread(rates, 0)}; ${rest}; ms of a core for a message: ${each(server)}, ${each(ours)}`,
    });
  }
  return figures;
};

/** One message each in many workspaces, after a checkpoint: each changes pages of its own. */
const spreadOut: Part = async (bench, postgres) => {
  const url = await postgres.newDatabase();
  const [one, ids] = [await SharedProcess.start(bench, url), newIds(FLEET)];
  await fillSeen(url, ids, 500);
  await one.do({ kind: "take", ids });
  await postgres.checkpoint();
  const before = await postgres.wal();
  await one.do({ kind: "work", each: 1 });
  const first = (await postgres.wal()) - before;
  await one.do({ kind: "work", each: 1 });
  const second = (await postgres.wal()) - before - first;
  await one.end();
  return [
    {
      what: `write-ahead log for a message, one in each of ${FLEET} workspaces after a checkpoint, and the next`,
      measured: `${kib(first / FLEET)}, ${kib(second / FLEET)}`,
    },
  ];
};

const rows: Part = async (_, postgres) => measureMembers(await postgres.newDatabase());

async function connect(url: string): Promise<PostgresStores> {
  const address = parseStoreAddress(url);
  if (address === undefined) throw new Error("there is no address of a store");
  const stores = new PostgresStores(address, { random: Math.random });
  await stores.ready();
  return stores;
}

async function opened(store: Store): Promise<void> {
  await store.lock.take();
  await store.open();
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}
