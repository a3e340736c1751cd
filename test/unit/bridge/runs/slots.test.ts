import { expect, test } from "bun:test";
import { Slots } from "../../../../src/bridge/runs/slots.ts";

const NEVER = new AbortController().signal;

test("no more are given than there are, and they go to whoever has waited longest", async () => {
  const slots = new Slots(2);
  const given: string[] = [];
  const takers = ["a", "b", "c", "d"].map(async (name) => {
    expect(await slots.take(NEVER)).toBe(true);
    given.push(name);
  });
  await Promise.all(takers.slice(0, 2));
  expect(given).toEqual(["a", "b"]);
  slots.free();
  await takers[2];
  expect(given).toEqual(["a", "b", "c"]);
  slots.free();
  await takers[3];
  expect(given).toEqual(["a", "b", "c", "d"]);
});

test("one that comes back does not pass those that wait", async () => {
  const slots = new Slots(1);
  const given: string[] = [];
  const take = async (name: string) => {
    await slots.take(NEVER);
    given.push(name);
  };
  await take("first");
  const waiting = take("waiting");
  slots.free();
  const again = take("first again");
  await waiting;
  slots.free();
  await again;
  expect(given).toEqual(["first", "waiting", "first again"]);
});

test("who stops waiting gets none, and takes none from the others", async () => {
  const slots = new Slots(1);
  const stop = new AbortController();
  await slots.take(NEVER);
  const stopped = slots.take(stop.signal);
  const patient = slots.take(NEVER);
  stop.abort();
  expect(await stopped).toBe(false);
  slots.free();
  expect(await patient).toBe(true);
  expect(await slots.take(AbortSignal.abort())).toBe(false);
});

test("a slot that is given in the same instant as the stop is not lost", async () => {
  const slots = new Slots(1);
  const stop = new AbortController();
  await slots.take(NEVER);
  const taken = slots.take(stop.signal);
  slots.free();
  stop.abort();
  if (await taken) slots.free();
  expect(await slots.take(AbortSignal.timeout(10_000))).toBe(true);
});
