import { expect, test } from "bun:test";
import { Names } from "../../../src/commands/workspace/peer-names.ts";
import { ManualClock } from "../../harness/clock.ts";

const ONE = "11111111-1111-4111-8111-111111111111";
const TWO = "22222222-2222-4222-8222-222222222222";

test("a name is looked up once", async () => {
  let calls = 0;
  const names = new Names(async () => ({ name: `reader ${++calls}` }));
  expect([await names.of(ONE), await names.of(ONE.toUpperCase())]).toEqual([
    "reader 1",
    "reader 1",
  ]);
});

test("names are waited for for five seconds in all; then ids stand in their place", async () => {
  const clock = new ManualClock();
  const asked: string[] = [];
  const late = Promise.withResolvers<{ name: string }>();
  const names = new Names((id) => (asked.push(id), late.promise), clock);
  const first = names.of(ONE);
  await clock.untilSleeping();
  await clock.advance(5_000);
  expect(await first).toBe("11111111");
  expect(await names.of(TWO)).toBe("22222222");
  expect(await names.of(ONE)).toBe("11111111");
  expect(asked).toEqual([ONE]);
  late.resolve({ name: "reader" });
  await late.promise;
  expect(await names.of(ONE)).toBe("reader");
});

test("a lookup that fails leaves the id", async () => {
  const names = new Names(() => Promise.reject(new Error("no")));
  expect(await names.of(ONE)).toBe("11111111");
});
