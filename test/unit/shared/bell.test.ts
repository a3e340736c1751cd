import { expect, test } from "bun:test";
import { Bell } from "../../../src/shared/bell.ts";

const NEVER = new AbortController().signal;

/** Notes who has stopped waiting, once all that is ready has run. */
async function settled(waiting: Record<string, Promise<void>>): Promise<string[]> {
  const done: string[] = [];
  for (const [name, promise] of Object.entries(waiting)) void promise.then(() => done.push(name));
  await new Promise((resolve) => setImmediate(resolve));
  return done.toSorted();
}

test("a ring wakes all that wait, and nobody that comes later", async () => {
  const bell = new Bell();
  const waiting = { a: bell.wait(NEVER), b: bell.wait(NEVER) };
  expect(await settled(waiting)).toEqual([]);
  bell.ring();
  expect(await settled({ ...waiting, later: bell.wait(NEVER) })).toEqual(["a", "b"]);
});

test("an abort wakes those that wait on its signal, and leaves the others", async () => {
  const bell = new Bell();
  const stop = new AbortController();
  const waiting = { a: bell.wait(stop.signal), b: bell.wait(NEVER), c: bell.wait(stop.signal) };
  stop.abort();
  expect(await settled(waiting)).toEqual(["a", "c"]);
  bell.ring();
  await waiting.b;
});

test("nobody waits on a signal that has aborted", async () => {
  await new Bell().wait(AbortSignal.abort());
});

test("who was woken by a ring is not woken by the abort, and may wait again", async () => {
  const bell = new Bell();
  const stop = new AbortController();
  const first = bell.wait(stop.signal);
  bell.ring();
  await first;
  const again = bell.wait(stop.signal);
  expect(await settled({ again })).toEqual([]);
  stop.abort();
  await again;
});

test("who is called at the next ring is called once, and not at all if he has left", () => {
  const bell = new Bell();
  const heard: string[] = [];
  bell.next(() => heard.push("stays"));
  const leave = bell.next(() => heard.push("leaves"));
  leave();
  bell.ring();
  bell.ring();
  expect(heard).toEqual(["stays"]);
});
