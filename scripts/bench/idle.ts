/** What a bridge asks of the platform while nobody asks anything of it. */
import { startBridge } from "./bridge.ts";
import type { Figure, Measurement } from "./measurement.ts";
import type { Workbench } from "./workbench.ts";

/** Until looks are as rare as they get: a conversation is followed for a minute after its last message. */
const SETTLE_MS = 90_000;
/** A whole number of safety looks and of heartbeats. */
const WATCH_MS = 180_000;
const HOUR_MS = 3_600_000;

export const idle: Measurement = { name: "idle", measure };

async function measure(bench: Workbench): Promise<Figure[]> {
  const ways = [
    { args: ["--wake", "auto"], what: "woken", aim: "under 420" },
    { args: ["--wake", "off"], what: "by looking alone", aim: "" },
  ];
  // Side by side, each at a platform of its own.
  return Promise.all(
    ways.map(async ({ args, what, aim }) => ({
      what: `requests of an idle bridge in an hour, ${what} (reckoned from ${WATCH_MS / 60_000} min)`,
      measured: String(Math.round((await requests(bench, args)) * (HOUR_MS / WATCH_MS))),
      aim,
    })),
  );
}

async function requests(bench: Workbench, args: string[]): Promise<number> {
  return bench.withPlatform(async (platform) => {
    const bridge = startBridge(bench, await platform.fill(1, 0, 0), ["--backend", "mock", ...args]);
    await Bun.sleep(SETTLE_MS);
    const before = await platform.requests();
    await Bun.sleep(WATCH_MS);
    const made = (await platform.requests()) - before;
    if (bridge.process.exitCode !== null) throw new Error("the idle bridge has ended");
    bridge.process.kill();
    await bridge.process.exited;
    return made;
  });
}
