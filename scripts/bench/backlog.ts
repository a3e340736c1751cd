/** How fast a backlog is worked off, against the least that any program must do for it. */
import { join } from "node:path";
import { between, runBridge } from "./bridge.ts";
import { median, spread, type Figure, type Measurement } from "./measurement.ts";
import type { Filled, PlatformProcess } from "./platform.ts";
import type { Workbench } from "./workbench.ts";

const MESSAGES = 2_000;
const BYTES = 200;
const ROUNDS = 5;

const CASES = [
  { peers: 1, concurrency: 1, aim: "1.5 or less" },
  { peers: 10, concurrency: 1, aim: "1.5 or less" },
  { peers: 10, concurrency: 10, aim: "" },
];

export const backlog: Measurement = {
  name: "backlog",
  measure: (bench) =>
    bench.withPlatform(async (platform) => {
      const figures: Figure[] = [];
      for (const each of CASES) figures.push(...(await measureCase(bench, platform, each)));
      return figures;
    }),
};

async function measureCase(
  bench: Workbench,
  platform: PlatformProcess,
  { peers, concurrency, aim }: (typeof CASES)[number],
): Promise<Figure[]> {
  const of = `${MESSAGES} waiting messages of ${peers === 1 ? "one peer" : `${peers} peers`}`;
  const bridges: number[] = [];
  const bares: number[] = [];
  // One more, which warms up what is cold at the first time.
  for (let round = 0; round <= ROUNDS; round++) {
    const bare = await timed(platform, peers, (filled) => runBare(bench, filled));
    const bridge = await timed(platform, peers, async (filled) => {
      const args = ["--backend", "mock", "--concurrency", String(concurrency)];
      return between(await runBridge(bench, filled, MESSAGES, args), "connected", "answered");
    });
    const ratio = (bridge / bare).toFixed(2);
    bench.say(`backlog: ${of}, concurrency ${concurrency}: ${bridge} ms, ${ratio} of bare`);
    if (round === 0) continue;
    bridges.push(bridge);
    bares.push(bare);
  }
  const ratios = bridges.map((ms, round) => ms / (bares[round] ?? Number.NaN));
  const rate = (times: number[]) => `${Math.round(MESSAGES / (median(times) / 1000))} a second`;
  const what = `${of}, \`--concurrency ${concurrency}\``;
  return [
    { what, measured: `${rate(bridges)} (bare loop: ${rate(bares)})`, aim: "" },
    { what: `${what}: time, with the bare loop as 1`, measured: spread(ratios, 2), aim },
  ];
}

/** Gives the milliseconds that `work` tells; rejects where not each message has its answer. */
async function timed(
  platform: PlatformProcess,
  peers: number,
  work: (filled: Filled) => Promise<number>,
): Promise<number> {
  const filled = await platform.fill(peers, MESSAGES, BYTES);
  const ms = await work(filled);
  const answers = await platform.count(filled.peers);
  if (answers !== MESSAGES) throw new Error(`${answers} answers to ${MESSAGES} messages`);
  return ms;
}

async function runBare(bench: Workbench, filled: Filled): Promise<number> {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "bare-loop.ts"), JSON.stringify(filled)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  bench.adopt(child);
  return Number(await child.stdout.text());
}
