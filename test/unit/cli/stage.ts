import { expect } from "bun:test";
import type { Io } from "../../../src/cli/output.ts";
import type { Stage } from "../../../src/cli/waiting.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { ManualClock } from "../../harness/clock.ts";

/** A terminal of 60 columns that keeps what is shown in its last row. */
export function stage(over: Partial<Stage> = {}) {
  const clock = new ManualClock();
  const shown: string[] = [];
  const io: Io = {
    secrets: new Secrets(),
    out: () => expect.unreachable(),
    err: () => expect.unreachable(),
    live: { show: (text) => void shown.push(text), leave: () => expect.unreachable() },
  };
  const on: Stage = {
    io,
    env: { COLUMNS: "60" },
    verbose: false,
    clock,
    terminal: () => true,
    ...over,
  };
  return { clock, shown, on };
}
