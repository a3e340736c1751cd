/** The way back to the beginning, where the feed knows no cursor, within the rate limit. */
import { expect, test } from "bun:test";
import { changed, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { serve } from "./support.ts";

test("the way back without a cursor takes at most half of the rate limit", async () => {
  await using server = new ScriptedPlatform();
  const from = Date.now() - 20_000_000;
  const rows = Array.from({ length: 15_000 }, (_, n) =>
    row(n, { method: "notify", created_at: new Date(from + n * 1_000).toISOString() }),
  );
  const feed = serve(() => rows);
  const clock = new ManualClock();
  const made: number[] = [];
  const lengths: number[] = [];
  await using bridge = new TestBridge(server.url, {
    clock,
    platform: (client) =>
      changed(client, {
        rateLimit: () => ({ limit: 60, remaining: 50 }),
        activity: async (query) => {
          made.push(clock.monotonic());
          const page = feed(query);
          lengths.push(page.length);
          return page;
        },
      }),
  });
  await clock.advanceUntil(() => bridge.of("fetched").length > 0, 1_000);
  // The oldest page comes first, after all of the others.
  expect(made.length).toBeGreaterThanOrEqual(30);
  expect(lengths.slice(0, 29)).toEqual(Array(29).fill(500));
  for (const at of made) {
    const within = made.filter((other) => other >= at && other < at + 60_000);
    expect(within.length).toBeLessThanOrEqual(30);
  }
});
