/** The process behind {@link SharedProcess}: the stores of some workspaces in one Postgres. */
import { STORE } from "../../src/shared/secret-variables.ts";
import { parseStoreAddress } from "../../src/store/postgres/address.ts";
import type { PostgresStore } from "../../src/store/postgres/store.ts";
import { PostgresStores } from "../../src/store/postgres/stores.ts";
import type { Asked, Task, Told } from "./shared-process.ts";
import { message, newRow } from "./shared-work.ts";

const [folder = ""] = process.argv.slice(2);
const address = parseStoreAddress(process.env[STORE] ?? "");
if (address === undefined) throw new Error("there is no address of a store");
const stores = new PostgresStores(address, { random: Math.random });
const open: PostgresStore[] = [];

process.on("message", (asked: Asked) => void tell(asked));
// Nobody is left to ask.
process.on("disconnect", () => process.exit(0));
await stores.ready();
process.send?.({ id: 0 });

async function tell({ id, task }: Asked): Promise<void> {
  const begunAt = now();
  const before = process.cpuUsage();
  await perform(task);
  const { user, system } = process.cpuUsage(before);
  const mebibytes = process.memoryUsage.rss() / 2 ** 20;
  const told: Told = { id, begunAt, endedAt: now(), cpuMs: (user + system) / 1_000, mebibytes };
  process.send?.(told);
}

async function perform(task: Task): Promise<void> {
  if (task.kind === "rest") await Bun.sleep(task.ms);
  if (task.kind === "take") await Promise.all(task.ids.map(take));
  if (task.kind === "work") await Promise.all(open.map((store) => work(store, task.each)));
  if (task.kind === "fill") {
    const page = () => Array.from({ length: task.rows }, newRow);
    await Promise.all(open.map((store) => store.journal.admit(page(), undefined)));
  }
  if (task.kind === "close") {
    await Promise.all(open.map((store) => store.close()));
    await stores.close();
  }
}

/** As a bridge does, which waits for the workspace until it is free. */
async function take(id: string): Promise<void> {
  const store = stores.of(id, { folder });
  while ((await store.lock.take()) !== "taken") {
    await store.lock.untilFree(new AbortController().signal);
  }
  await store.open();
  await store.loadCursor();
  open.push(store);
}

async function work(store: PostgresStore, each: number): Promise<void> {
  for (let n = 0; n < each; n++) await message(store);
}

/** Comparable between processes; to a part of a millisecond. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
