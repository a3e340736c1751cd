import { expect, test } from "bun:test";
import { Vitals } from "../../../../src/bridge/presence/vitals.ts";
import { ManualClock } from "../../../harness/clock.ts";

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

test("what a run is doing stands behind what it is, in one line that the card has room for", () => {
  const { vitals: all } = vitals();
  all.begin("a", "answering ada");
  all.task("a", "using Read");
  expect(all.report().current_task).toBe("answering ada: using Read");
  all.task("a", `using\n\u001b[31m${"x".repeat(500)}`);
  expect(all.report().current_task).toMatch(/^answering ada: using \\u001b\[31mx+…$/);
  expect(all.report().current_task.length).toBe(120);
  all.end("a");
  all.task("a", "too late");
  expect(all.report().current_task).toBe("");
});

test("with --progress off nobody is told what is worked on, and a change of it is none", () => {
  const all = new Vitals(new ManualClock(), false);
  all.begin("a", "answering ada");
  all.task("a", "using Read");
  expect(all.isStale).toBe(false);
  expect(all.report()).toMatchObject({ active_tasks: 1, current_task: "" });
});

test("a report is stale when another one would name another task", () => {
  const { vitals: all } = vitals();
  all.begin("a", "answering ada");
  expect(all.isStale).toBe(true);
  all.report();
  expect(all.isStale).toBe(false);
  all.task("a", "using Read");
  expect(all.isStale).toBe(true);
  all.drop("a");
  all.begin("a", "answering ada");
  expect(all.isStale).toBe(false);
});

test("what the month cost is reported as it is told", () => {
  const { vitals: all } = vitals();
  expect(all.report().monthly_spend).toBe(0);
  all.spentCents = () => 123;
  expect(all.report().monthly_spend).toBe(123);
});
