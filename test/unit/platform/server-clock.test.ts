import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ServerClock } from "../../../src/platform/server-clock.ts";
import { ManualClock } from "../../harness/clock.ts";

/** An answer of a server whose clock is ahead by `ahead`, half-way through a call of `tookMs`. */
async function answer(server: ServerClock, clock: ManualClock, ahead: number, tookMs: number) {
  const sentAt = clock.now();
  await clock.advance(tookMs / 2);
  const date = Math.floor((clock.now() + ahead) / 1000) * 1000;
  await clock.advance(tookMs / 2);
  server.note(date, sentAt);
}

describe("the server's clock", () => {
  test("is ours until it says otherwise", async () => {
    const clock = new ManualClock();
    const server = new ServerClock(clock);
    expect(server.now()).toBe(clock.now());
    for (let n = 0; n < 20; n++) {
      await answer(server, clock, 0, 10);
      await clock.advance(137);
      expect(server.skewMs).toBe(0);
    }
  });

  test("is known far better than to the second that it tells", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2_000, max: 9_000_000 }), async (ahead) => {
        const clock = new ManualClock();
        const server = new ServerClock(clock);
        for (let n = 0; n < 100; n++) {
          await answer(server, clock, ahead, 4);
          await clock.advance(1_033);
        }
        expect(Math.abs(server.skewMs - ahead)).toBeLessThan(60);
      }),
      { numRuns: 20 },
    );
  });

  test("is learnt anew when either clock is set", async () => {
    const clock = new ManualClock();
    const server = new ServerClock(clock);
    for (let n = 0; n < 10; n++) await answer(server, clock, 0, 4);
    clock.suspend(3_600_000);
    await answer(server, clock, -3_600_000, 4);
    expect(Math.abs(server.skewMs + 3_600_000)).toBeLessThan(1_000);
  });

  test("may drift from ours", async () => {
    const clock = new ManualClock();
    const server = new ServerClock(clock);
    for (let n = 0; n < 2_000; n++) {
      await answer(server, clock, 5_000 + (clock.monotonic() * 50) / 1_000_000, 4);
      await clock.advance(29_990);
    }
    const ahead = 5_000 + (clock.monotonic() * 50) / 1_000_000;
    expect(Math.abs(server.skewMs - ahead)).toBeLessThan(600);
  });
});
