/** Whether the messages of different peers are answered side by side. */
import { between, runBridge } from "./bridge.ts";
import type { Figure, Measurement } from "./measurement.ts";
import type { PlatformProcess } from "./platform.ts";
import type { Workbench } from "./workbench.ts";

const PEERS = 10;

const CASES = [
  { concurrency: 10, aim: "1.2 s or less" },
  { concurrency: 1, aim: "" },
];

export const parallel: Measurement = {
  name: "parallel",
  measure: (bench) =>
    bench.withPlatform(async (platform) => {
      const figures: Figure[] = [];
      for (const each of CASES) figures.push(await measureCase(bench, platform, each));
      return figures;
    }),
};

async function measureCase(
  bench: Workbench,
  platform: PlatformProcess,
  { concurrency, aim }: (typeof CASES)[number],
): Promise<Figure> {
  const filled = await platform.fill(PEERS, PEERS, 20);
  const args = ["--backend", "exec", "--backend-opt", "cmd=sleep 1; cat"];
  args.push("--concurrency", String(concurrency));
  const ms = between(await runBridge(bench, filled, PEERS, args), "taken", "answered");
  const measured = `${(ms / 1000).toFixed(2)} s`;
  bench.say(`parallel: concurrency ${concurrency}: ${measured}`);
  const what = `${PEERS} peers, one message each, a command that takes 1 s, \`--concurrency ${concurrency}\``;
  return { what, measured, aim };
}
