/** Another program that writes to the database, for as long as it likes. */
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { expect, test } from "bun:test";
import type { BridgeEvent } from "../../../../src/bridge/events.ts";
import { Keeper } from "../../../../src/bridge/keeper.ts";
import { Naps } from "../../../../src/bridge/naps.ts";
import { systemClock } from "../../../../src/shared/clock.ts";
import { WORKSPACE } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { asking, openStore } from "../../store/support.ts";

/** Far more than one wait for the lock, and far less than two of SQLite's usual ones. */
const LONGEST_BLOCK_MS = 2_000;

test("many writes that wait for another program's hold up nothing else, and succeed after it", async () => {
  using folder = tmpFolder();
  await using store = await openStore(folder.path);
  using foreign = new Database(join(folder.path, `${WORKSPACE}.db`));
  const rows = Array.from({ length: 60 }, (_, n) => asking(n));
  await store.journal.admit(rows, undefined);
  const events: BridgeEvent[] = [];
  const keeper = new Keeper(
    { naps: new Naps(systemClock), random: () => 0.05, emit: (event) => void events.push(event) },
    new AbortController().signal,
  );
  foreign.run("BEGIN IMMEDIATE");
  let begun = performance.now();
  const writes = rows.map(({ id }) => keeper.do(() => store.journal.settle(id)));
  // All have been tried once when the trouble is told, and again some turns later.
  for (let turns = 0; turns < 20; turns++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(performance.now() - begun).toBeLessThan(LONGEST_BLOCK_MS);
    begun = performance.now();
  }
  expect(events.map(({ type }) => type)).toEqual(["save-failed"]);
  foreign.run("ROLLBACK");
  await Promise.all(writes);
  expect(events.map(({ type }) => type)).toEqual(["save-failed", "save-recovered"]);
  expect(await store.journal.load()).toMatchObject({ waiting: 0 });
});
