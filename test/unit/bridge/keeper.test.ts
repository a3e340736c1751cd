import { expect, test } from "bun:test";
import type { BridgeEvent } from "../../../src/bridge/events.ts";
import { Keeper, Unwritten } from "../../../src/bridge/keeper.ts";
import { Naps } from "../../../src/bridge/naps.ts";
import { MoleculeError } from "../../../src/shared/errors.ts";
import { ManualClock } from "../../harness/clock.ts";
import { diskFull } from "./support.ts";

function keeperOf() {
  const clock = new ManualClock();
  const events: BridgeEvent[] = [];
  const cut = new AbortController();
  const emit = (event: BridgeEvent) => void events.push(event);
  const keeper = new Keeper({ naps: new Naps(clock), random: () => 0.5, emit }, cut.signal);
  return { clock, events, cut, keeper };
}

/** A write that fails so often. */
function failing(times: number, error: () => Error = diskFull) {
  let tries = 0;
  return async () => {
    tries += 1;
    if (tries <= times) throw error();
    return tries;
  };
}

const types = (events: BridgeEvent[]) => events.map((event) => event.type);

test("a write that fails in passing is tried until it succeeds, and told at its edges", async () => {
  const { clock, events, keeper } = keeperOf();
  const written = keeper.do(failing(3));
  for (let tries = 1; tries <= 3; tries++) await clock.advance(await clock.untilSleeping());
  expect(await written).toBe(4);
  expect(types(events)).toEqual(["save-failed", "save-recovered"]);
  expect(events[0]).toMatchObject({ reason: diskFull().message });
  expect(events[1]).toMatchObject({ failures: 3 });
});

test("writes that fail side by side are one trouble, over when the last of them succeeds", async () => {
  const { clock, events, keeper } = keeperOf();
  const both = [keeper.do(failing(1)), keeper.do(failing(2))];
  await clock.untilSleeping();
  await clock.advance(60_000);
  await Promise.all(both);
  expect(types(events)).toEqual(["save-failed", "save-recovered"]);
  await Promise.all([
    keeper.do(failing(1)),
    clock.untilSleeping().then(() => clock.advance(60_000)),
  ]);
  expect(types(events).slice(2)).toEqual(["save-failed", "save-recovered"]);
});

const coded = (code: string) =>
  new MoleculeError("the database can't be used", { cause: Object.assign(new Error(), { code }) });

test.each<[string, () => Error]>([
  ["a damaged database", () => coded("SQLITE_CORRUPT_VTAB")],
  ["a file that is no database", () => coded("SQLITE_NOTADB")],
  ["a folder of another user's", () => coded("EACCES")],
  ["a name that the file system does not take", () => coded("EILSEQ")],
  ["a database that was misused", () => coded("SQLITE_MISUSE")],
  ["a mistake in the program", () => new TypeError("undefined is not a function")],
  ["a message that is not in the journal", () => new MoleculeError("it is not kept")],
])("%s is not tried again", async (_, error) => {
  const { events, keeper } = keeperOf();
  await expect(keeper.do(failing(1, error))).rejects.toThrow(error().message || TypeError);
  expect(events).toEqual([]);
});

test.each([
  ...["ENOSPC", "EDQUOT", "EIO", "EROFS", "EMFILE", "ENFILE", "EBUSY", "ESTALE"],
  ...["SQLITE_FULL", "SQLITE_BUSY", "SQLITE_IOERR_FSYNC", "SQLITE_READONLY", "SQLITE_CANTOPEN"],
])("%s may pass", async (code) => {
  const { clock, keeper } = keeperOf();
  const written = keeper.do(failing(1, () => coded(code)));
  await clock.advance(await clock.untilSleeping());
  expect(await written).toBe(2);
});

test("a bridge that is told to stop at once does not wait for a disk that stays full", async () => {
  const { clock, cut, keeper } = keeperOf();
  const written = keeper.do(failing(Infinity));
  await clock.untilSleeping();
  cut.abort();
  await expect(written).rejects.toBeInstanceOf(Unwritten);
});
