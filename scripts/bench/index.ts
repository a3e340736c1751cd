/**
 * `bun run bench [name ...]`: how fast and how large the bridge is, as a Markdown table. Everything
 * runs on this machine and is cleaned up. The figures are told, never judged: they depend on the disk
 * and on what else the machine does.
 */
import { availableParallelism, totalmem } from "node:os";
import { setUp } from "../set-up.ts";
import { backlog } from "./backlog.ts";
import { fleet } from "./fleet.ts";
import { idle } from "./idle.ts";
import type { Figure } from "./measurement.ts";
import { memory } from "./memory.ts";
import { parallel } from "./parallel.ts";
import { pickUp } from "./pick-up.ts";
import { shared } from "./shared.ts";
import { store } from "./store.ts";
import { Workbench } from "./workbench.ts";

const ALL = [pickUp, idle, fleet, backlog, parallel, memory, store, shared];

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !ALL.some((one) => one.name === name));
if (unknown !== undefined) {
  console.error(
    `there is no measurement "${unknown}"; choose from ${ALL.map((one) => one.name).join(", ")}`,
  );
  process.exit(2);
}

setUp();
const bench = new Workbench();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => void bench.close().then(() => process.exit(130)));
}
try {
  const figures: Figure[] = [];
  for (const one of ALL.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
    figures.push(...(await one.measure(bench)));
  }
  console.log(table(figures));
} catch (error) {
  console.error(`bench failed: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  await bench.close();
}

function table(figures: readonly Figure[]): string {
  const gib = Math.round(totalmem() / 2 ** 30);
  const rows = figures.map(({ what, measured, aim }) => `| ${what} | ${measured} | ${aim} |`);
  return [
    `Bun ${Bun.version}, ${process.platform} ${process.arch}, ${availableParallelism()} cores, ${gib} GiB of memory; all on one machine. Median of the rounds, with their range.`,
    "",
    "| What | Measured | Aim |",
    "| --- | --- | --- |",
    ...rows,
  ].join("\n");
}
