/** What it takes to hold very many workspaces, and to get them from another process. */
import { SQL } from "bun";
import { lookUntil } from "../../test/harness/wait.ts";
import { newIds, number, type Part } from "./shared-postgres.ts";
import { SharedProcess, type Told } from "./shared-process.ts";
import { fillSeen } from "./shared-rows.ts";

export const FLEET = 1_000;
const WATCH_MS = 60_000;
/** A connection that has nothing to do tells what it has counted after so long. */
const COUNTED_MS = 15_000;
/** 30 days of one with ten messages an hour, and of one that is busy. */
const USUAL = { count: 100, rows: 7_200 };
const BUSY_ROWS = 60_000;
const OPEN = 1_000;

/** What those cost that have nothing to do, and those that wait for them. */
export const idle: Part = async (bench, postgres) => {
  const url = await postgres.newDatabase();
  const ids = newIds(FLEET);
  const holder = await SharedProcess.start(bench, url);
  const fresh = await holder.do({ kind: "take", ids });
  const watch = async (of: SharedProcess) => {
    await of.do({ kind: "rest", ms: COUNTED_MS });
    const before = await postgres.transactions(url);
    const cpu = postgres.cpuMs();
    const { cpuMs, mebibytes } = await of.do({ kind: "rest", ms: WATCH_MS });
    const server = ((postgres.cpuMs() - cpu) / WATCH_MS) * 100;
    const transactions = (await postgres.transactions(url)) - before;
    const share = (cpuMs / WATCH_MS) * 100;
    return `${transactions} a minute, ${await postgres.connections(url)} connections, ${share.toFixed(1)} % of a core, Postgres ${server.toFixed(1)} %, ${mebibytes.toFixed(0)} MiB`;
  };
  const held = await watch(holder);
  const standby = await SharedProcess.start(bench, url);
  const taken = standby.do({ kind: "take", ids });
  const both = await watch(standby);
  const killedAt = performance.timeOrigin + performance.now();
  await holder.kill();
  const { endedAt } = await taken;
  await standby.end();
  return [
    { what: `${FLEET} new workspaces taken and opened`, measured: cost(fresh, FLEET) },
    { what: `a process that holds ${FLEET} idle workspaces: statements`, measured: held },
    { what: "the same and one that waits for them, which is told of", measured: both },
    {
      what: `from a kill -9 until the other has all ${FLEET} open, with a lease of 10 s`,
      measured: `${((endedAt - killedAt) / 1_000).toFixed(1)} s`,
    },
  ];
};

/** By one that waits at an orderly end, and by one that finds them free. */
export const takeOver: Part = async (bench, postgres) => {
  const url = await postgres.newDatabase();
  const [one, usual, full] = [newIds(1), newIds(USUAL.count), newIds(1)];
  const first = await SharedProcess.start(bench, url);
  await fillSeen(url, usual, USUAL.rows);
  await fillSeen(url, full, BUSY_ROWS);
  await first.do({ kind: "take", ids: full });
  await first.do({ kind: "fill", rows: OPEN });
  await first.end();
  const figures = [];
  for (const [ids, what] of [
    [one, "an empty workspace"],
    [newIds(FLEET), `${FLEET} empty workspaces`],
    [usual, `${USUAL.count} with ${USUAL.rows} rows of their feeds each`],
    [full, `one with ${BUSY_ROWS} rows of its feed and ${OPEN} messages that wait`],
  ] as const) {
    const [before, after, last] = [
      await SharedProcess.start(bench, url),
      await SharedProcess.start(bench, url),
      await SharedProcess.start(bench, url),
    ];
    await before.do({ kind: "take", ids });
    const taken = after.do({ kind: "take", ids });
    await using sql = new SQL(url, { max: 1 });
    const members = "SELECT count(*)::integer AS n FROM molecule.members";
    await lookUntil(async () => (await number(sql, members)) === 2);
    // It has looked in vain once, and waits to be told.
    await after.do({ kind: "rest", ms: 2_000 });
    const { begunAt } = await before.do({ kind: "close" });
    const handedOver = (await taken).endedAt - begunAt;
    await before.kill();
    await after.end();
    const cold = await last.do({ kind: "take", ids });
    await last.end();
    figures.push(
      { what: `${what} handed over at an orderly end`, measured: `${handedOver.toFixed(0)} ms` },
      { what: `${what} taken and opened, as it was free`, measured: cost(cold, ids.length) },
    );
  }
  return figures;
};

function cost({ begunAt, endedAt, cpuMs, mebibytes }: Told, count: number): string {
  const each = (cpuMs / count).toFixed(2);
  return `${(endedAt - begunAt).toFixed(0)} ms, ${each} ms of a core each, the process has ${mebibytes.toFixed(0)} MiB`;
}
