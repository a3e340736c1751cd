/**
 * The long form of the chaos test: many thousands of messages while the bridge is killed and the
 * network is bad, on both revisions of the platform, one after the other. Ends by itself, with a
 * line for each that sums it up, and with exit 1 where a promise was broken.
 *
 *   bun run test:soak [--messages 10000] [--minutes 30] [--seed 1] [--revision r1|r2]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runChaos, type ChaosReport } from "../test/chaos/run.ts";
import { seedOfTheDay } from "../test/harness/random.ts";
import { setUp } from "./set-up.ts";

const { values } = parseArgs({
  options: {
    messages: { type: "string", default: "10000" },
    minutes: { type: "string", default: "30" },
    seed: { type: "string" },
    revision: { type: "string" },
    // For a program that is built already.
    "no-build": { type: "boolean", default: false },
  },
});

const HITS = 20;
const seed = values.seed === undefined ? seedOfTheDay() : whole("seed", values.seed);
const messages = whole("messages", values.messages);
const limitMs = whole("minutes", values.minutes) * 60_000;
const revisions = (["r1", "r2"] as const).filter((name) =>
  [undefined, name].includes(values.revision as typeof name | undefined),
);

if (!values["no-build"]) setUp();
let broken = revisions.length === 0;
for (const revision of revisions) {
  console.log(`soak on ${revision}: seed ${seed}, ${messages} messages`);
  const folder = mkdtempSync(join(tmpdir(), "molecule-soak-"));
  const say = (line: string) => console.log(`  ${line}`);
  const report = await runChaos({ revision, seed, messages, hits: HITS, limitMs, folder, say });
  for (const problem of report.problems) console.error(`BROKEN (seed ${seed}): ${problem}`);
  console.log(summary(revision, report));
  if (report.problems.length > 0) {
    console.error(`what was left of it is in ${folder}`);
    broken = true;
  } else rmSync(folder, { recursive: true, force: true });
}
process.exit(broken ? 1 : 0);

function summary(revision: string, report: ChaosReport): string {
  const faults = Object.entries(report.faults).map(([name, count]) => `${name} ${count}`);
  return (
    `${revision}, seed ${seed}: ${report.messages} messages answered, ` +
    `${report.problems.length} promises broken; ${report.kills} kills, ${report.hits} of them into running work; ` +
    `${report.requests} requests with faults: ${faults.join(", ")}; ` +
    `${report.extraRuns} runs again of ${report.inProgress} that were cut; ` +
    `${report.extraRows} repeated rows; ${Math.round(report.ms / 1000)} s`
  );
}

function whole(name: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`--${name} must be a whole number, not "${text}"`);
}
