import { expect, test } from "bun:test";
import type { StoreEvent } from "../../../../src/store/postgres/contact.ts";
import { StoreAway } from "../../../../src/store/postgres/postgres-error.ts";
import { Struggles } from "../../../../src/store/postgres/struggles.ts";
import { ManualClock } from "../../../harness/clock.ts";

const FULL = new StoreAway("db", "No space left on device", undefined);

function struggles() {
  const clock = new ManualClock();
  const told: StoreEvent[] = [];
  const contact = { isAway: false };
  const all = new Struggles(clock, contact, (event) => void told.push(event));
  return { all, clock, contact, told };
}

test("commits that do not come through are told of once, and when the last of them has", async () => {
  const { all, clock, told } = struggles();
  const [one, other] = [{}, {}];
  for (let failures = 1; failures < 5; failures++) all.failed(one, failures, FULL);
  expect(told).toEqual([]);
  for (const who of [one, other]) all.failed(who, 5, FULL);
  all.failed(one, 6, FULL);
  const { reason, hint } = FULL;
  expect(told).toEqual([{ type: "store-away", reason, hint }]);
  await clock.advance(7_000);
  all.over(one);
  all.over(one);
  expect(told).toHaveLength(1);
  all.over(other);
  expect(told.slice(1)).toEqual([{ type: "store-back", afterMs: 7_000 }]);
});

test("what others tell of already is not told twice, nor what has passed by itself", () => {
  const { all, contact, told } = struggles();
  const one = {};
  all.failed(one, 4, FULL);
  all.over(one);
  contact.isAway = true;
  all.failed(one, 5, FULL);
  all.over(one);
  expect(told).toEqual([]);
});
