/** What many idle workspaces in one process take. Linux only. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startFleet, type Bridge } from "./bridge.ts";
import type { Figure, Measurement } from "./measurement.ts";
import type { Workbench } from "./workbench.ts";

const WORKSPACES = 200;
/** Until all are connected and woken, and their starts are forgotten. */
const SETTLE_MS = 75_000;
const WATCH_MS = 60_000;
/** Of a processor's time: USER_HZ, which is 100 wherever Linux runs (proc_pid_stat(5)). */
const TICKS_PER_SECOND = 100;

export const fleet: Measurement = { name: "fleet", measure };

async function measure(bench: Workbench): Promise<Figure[]> {
  if (process.platform !== "linux") return [];
  return bench.withPlatform(async (platform) => {
    const folder = bench.newFolder();
    const lines = ["workspaces:"];
    let url = "";
    for (let n = 0; n < WORKSPACES; n++) {
      const filled = await platform.fill(0, 0, 0);
      ({ url } = filled);
      const file = join(folder, `${n}.token`);
      writeFileSync(file, filled.token, { mode: 0o600 });
      lines.push(`  - id: ${filled.workspaceId}`, `    token_file: ${file}`);
    }
    const config = join(folder, "molecule.yaml");
    writeFileSync(config, `${lines.join("\n")}\n`, { mode: 0o600 });
    const bridge = startFleet(bench, folder, url, ["--config", config, "--backend", "mock"]);
    await Bun.sleep(SETTLE_MS);
    const woken = new Set(
      (await bridge.log()).flatMap((line) =>
        line.wakeState === "healthy" ? [line.workspaceId] : [],
      ),
    ).size;
    bench.say(`fleet: ${woken} of ${WORKSPACES} workspaces are woken`);
    const [before, requests] = [cpuSeconds(bridge), await platform.requests()];
    const began = performance.now();
    await Bun.sleep(WATCH_MS);
    const seconds = (performance.now() - began) / 1_000;
    const share = ((cpuSeconds(bridge) - before) / seconds) * 100;
    const rate = ((await platform.requests()) - requests) / seconds;
    const mebibytes = resident(bridge);
    bridge.process.kill();
    await bridge.process.exited;
    const what = `${WORKSPACES} idle workspaces in one process, ${woken} of them woken`;
    return [
      { what: `${what}: memory`, measured: `${mebibytes} MiB`, aim: "under 150 MB" },
      { what: `${what}: share of a core`, measured: `${share.toFixed(1)} %`, aim: "2 %" },
      { what: `${what}: requests in a second`, measured: rate.toFixed(1), aim: "" },
    ];
  });
}

/** User and system time so far (proc_pid_stat(5), fields 14 and 15). */
function cpuSeconds({ process: { pid } }: Bridge): number {
  // The name in brackets may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The resident set, in MiB. */
function resident({ process: { pid } }: Bridge): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kib) / 1024);
}
