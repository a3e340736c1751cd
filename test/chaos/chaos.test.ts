/** The promises P1 to P6 of the bridge under kills and a bad network; `bun run test:soak` is longer. */
import { expect } from "bun:test";
import { seedOfTheDay } from "../harness/random.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { runChaos } from "./run.ts";
import { onPosix } from "../harness/platform.ts";

const { test } = onPosix("the agent of the run is a script for sh");

const HITS = 20;
const MESSAGES = 150;

for (const revision of ["r1", "r2"] as const) {
  test(`nothing is lost, doubled or out of order on ${revision} while the bridge is killed and the network is bad`, async () => {
    const seed = seedOfTheDay();
    const again = `MOLECULE_CHAOS_SEED=${seed}`;
    console.log(`chaos on ${revision}: ${again}`);
    using folder = tmpFolder();
    const options = { revision, seed, messages: MESSAGES, hits: HITS, limitMs: 240_000 };
    const report = await runChaos({ ...options, folder: folder.path });
    console.log(
      `${report.messages} messages, ${report.kills} kills, ${report.hits} hits, ${report.extraRuns} runs again`,
    );
    expect({ again, problems: report.problems }).toEqual({ again, problems: [] });
    expect(report.hits).toBeGreaterThanOrEqual(HITS);
    // Bad luck that does not strike proves nothing.
    expect(Object.keys(report.faults).length).toBeGreaterThan(5);
  }, 600_000);
}
