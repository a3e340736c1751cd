/** How much memory a large backlog takes, beyond what an idle bridge has. Linux only. */
import { readFileSync } from "node:fs";
import { startBridge, type Bridge } from "./bridge.ts";
import type { Figure, Measurement } from "./measurement.ts";
import type { Workbench } from "./workbench.ts";

const ROWS = 100_000;
const BYTES = 4_096;
const PEERS = 8;
const IDLE_MS = 5_000;
/** Where the machine is slow, the rest of the backlog is left. */
const LIMIT_MS = 120_000;
const LOOK_MS = 250;
const ARGS = ["--backend", "mock", "--concurrency", "8"];

export const memory: Measurement = { name: "memory", measure };

async function measure(bench: Workbench): Promise<Figure[]> {
  if (process.platform !== "linux") return [];
  return bench.withPlatform(async (platform) => {
    const quiet = startBridge(bench, await platform.fill(PEERS, 0, 0), ARGS);
    await Bun.sleep(IDLE_MS);
    const idle = peak(quiet) ?? Number.NaN;
    await stop(quiet);
    bench.say(`memory: ${idle} MiB idle`);
    const filled = await platform.fill(PEERS, ROWS, BYTES);
    bench.say(`memory: the platform holds ${ROWS} rows`);
    const busy = startBridge(bench, filled, ["--once", ...ARGS]);
    const most = await watch(bench, busy);
    await stop(busy);
    const answers = await platform.count(filled.peers);
    const done = answers === ROWS ? "" : `, of which ${answers} were answered`;
    const what = `peak memory over a backlog of ${ROWS} messages of 4 KiB${done}`;
    return [
      { what: "peak memory of an idle bridge", measured: `${idle} MiB`, aim: "" },
      { what, measured: `${most} MiB`, aim: `${idle + 40} MiB or less` },
    ];
  });
}

/** The peak until the bridge has ended, or the time is up. */
async function watch(bench: Workbench, bridge: Bridge): Promise<number> {
  let most = 0;
  const began = performance.now();
  for (let told = began; bridge.process.exitCode === null;) {
    most = Math.max(most, peak(bridge) ?? 0);
    const now = performance.now();
    if (now - began > LIMIT_MS) break;
    if (now - told > 10_000) {
      bench.say(`memory: ${most} MiB after ${Math.round((now - began) / 1000)} s`);
      told = now;
    }
    await Promise.race([Bun.sleep(LOOK_MS), bridge.process.exited]);
  }
  return most;
}

async function stop(bridge: Bridge): Promise<void> {
  bridge.process.kill();
  await bridge.process.exited;
}

/** The largest resident set so far, in MiB; undefined once the process has ended. */
function peak({ process: { pid } }: Bridge): number | undefined {
  try {
    const kib = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kib === undefined ? undefined : Math.round(Number(kib) / 1024);
  } catch {
    return undefined;
  }
}
