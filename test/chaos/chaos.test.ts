/** The promises P1 to P6 of the bridge under kills and a bad network; `bun run test:soak` is longer. */
import { expect } from "bun:test";
import { seedOfTheDay } from "../harness/random.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { LOCAL, POSTGRES } from "./keeping.ts";
import { runChaos } from "./run.ts";

// What is particular to a revision shows on the local store.
for (const [kind, revision, hits, messages] of [
  [LOCAL, "r1", 20, 150],
  [LOCAL, "r2", 20, 150],
  [POSTGRES, "r2", 8, 75],
] as const) {
  kind.test(
    `nothing is lost, doubled or out of order on ${revision} with ${kind.name} while the bridge is killed and the network is bad`,
    async () => {
      const seed = seedOfTheDay();
      const again = `MOLECULE_CHAOS_SEED=${seed}`;
      console.log(`chaos on ${revision} with ${kind.name}: ${again}`);
      using folder = tmpFolder();
      const options = { kind, revision, seed, messages, hits, limitMs: 240_000 };
      const report = await runChaos({ ...options, folder: folder.path });
      console.log(
        `${report.messages} messages, ${report.kills} kills, ${report.hits} hits, ${report.extraRuns} runs again, ${report.losses} commits cut off`,
      );
      expect({ again, problems: report.problems }).toEqual({ again, problems: [] });
      expect(report.hits).toBeGreaterThanOrEqual(hits);
      // Bad luck that does not strike proves nothing.
      expect(Object.keys(report.faults).length).toBeGreaterThan(5);
      if (kind === POSTGRES) expect(report.losses).toBeGreaterThan(5);
    },
    600_000,
  );
}
