import { expect, test } from "bun:test";
import { onStopSignals } from "../../../src/commands/signals.ts";
import { ManualClock } from "../../harness/clock.ts";

function listening() {
  const clock = new ManualClock();
  const handlers = new Map<string, () => void>();
  const told: string[] = [];
  onStopSignals(
    () => told.push("first"),
    () => told.push("second"),
    (signal, handler) => handlers.set(signal, handler),
    clock,
  );
  return { clock, told, signal: (name: string) => handlers.get(name)?.() };
}

test("a signal asks to stop, and a later one to stop at once", async () => {
  const { clock, told, signal } = listening();
  signal("SIGINT");
  await clock.advance(1_000);
  signal("SIGINT");
  expect(told).toEqual(["first", "second"]);
});

test("one that comes twice at once, passed on by a wrapper, counts once", async () => {
  const { clock, told, signal } = listening();
  signal("SIGTERM");
  await clock.advance(50);
  signal("SIGTERM");
  expect(told).toEqual(["first"]);
});

test("two different ones at once are two", () => {
  const { told, signal } = listening();
  signal("SIGINT");
  signal("SIGTERM");
  expect(told).toEqual(["first", "second"]);
});

test("SIGQUIT stops at once", () => {
  const { told, signal } = listening();
  signal("SIGQUIT");
  expect(told).toEqual(["second"]);
});
