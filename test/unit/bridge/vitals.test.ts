import { expect, test } from "bun:test";
import { Vitals } from "../../../src/bridge/vitals.ts";
import { ManualClock } from "../../harness/clock.ts";

function vitals() {
  const clock = new ManualClock();
  return { clock, vitals: new Vitals(clock) };
}

test("the error rate counts each run, also those that end in one instant", async () => {
  const { clock, vitals: all } = vitals();
  for (let n = 0; n < 3; n++) all.end(`good ${n}`);
  all.end("bad", "it broke");
  expect(all.report()).toMatchObject({ error_rate: 0.25, sample_error: "it broke" });
  await clock.advance(2_000);
  all.end("bad too", "it broke again");
  expect(all.report()).toMatchObject({ error_rate: 0.4, sample_error: "it broke again" });
});

test("what ended more than five minutes ago counts no more", async () => {
  const { clock, vitals: all } = vitals();
  all.end("bad", "it broke");
  await clock.advance(300_000);
  expect(all.report().error_rate).toBe(1);
  await clock.advance(1);
  expect(all.report()).toMatchObject({ error_rate: 0, sample_error: "" });
});

test("a trouble that only the operator can mend is all that counts while it lasts", () => {
  const { vitals: all } = vitals();
  all.end("good");
  let trouble: string | undefined = "not logged in";
  all.trouble = () => trouble;
  expect(all.report()).toMatchObject({ error_rate: 1, sample_error: "not logged in" });
  trouble = undefined;
  expect(all.report().error_rate).toBe(0);
});

test("runs at once are counted, and one of them is named", () => {
  const { vitals: all } = vitals();
  expect(all.report()).toMatchObject({ active_tasks: 0, current_task: "" });
  all.begin("a", "answering ada");
  all.begin("b", "answering ben");
  expect(all.report()).toMatchObject({
    active_tasks: 2,
    current_task: "answering ada, and 1 more",
  });
  all.drop("a");
  expect(all.report()).toMatchObject({ active_tasks: 1, current_task: "answering ben" });
});
