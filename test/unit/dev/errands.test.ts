import { expect, test } from "bun:test";
import { Errands } from "../../../src/dev/errands.ts";

test("settling waits for what is under way, and for what that begins", async () => {
  const errands = new Errands(() => {});
  const done: string[] = [];
  const gate = Promise.withResolvers<void>();
  errands.run(async () => {
    await gate.promise;
    errands.run(async () => {
      await Promise.resolve();
      done.push("second");
    });
    done.push("first");
  });
  const settled = errands.settle().then(() => done.push("settled"));
  gate.resolve();
  await settled;
  expect(done).toEqual(["first", "second", "settled"]);
});

test("what an errand throws is told, and harms no other", async () => {
  const told: unknown[] = [];
  const errands = new Errands((error) => told.push(error));
  const fault = new Error("no");
  errands.run(() => Promise.reject(fault));
  await errands.settle();
  expect(told).toEqual([fault]);
});
