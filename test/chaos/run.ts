/**
 * A chaos run: peers and the canvas ask, the compiled bridge answers through a proxy of bad luck,
 * and is killed again and again. What is random follows from one seed; what the processes make of
 * it does not, so a seed repeats the kind of a run, and not each of its moments.
 */
import { join } from "node:path";
import { startDevPlatform } from "../../src/dev/server.ts";
import { ChaosProxy } from "../harness/chaos-proxy.ts";
import { drawFate, RATES } from "../harness/faults.ts";
import { randomOf } from "../harness/random.ts";
import { LOCAL } from "./keeping.ts";
import { ChaosRun, type ChaosOptions } from "./play.ts";
import type { Verdict } from "./verdict.ts";

/** One row in five is late, by less than the two seconds that the bridge allows for (contract 2.3). */
const LATE = { share: 0.2, maxMs: 1_200 };

export interface ChaosReport extends Verdict {
  messages: number;
  kills: number;
  hits: number;
  /** Commits to a shared store that were cut off. */
  losses: number;
  requests: number;
  faults: Record<string, number>;
  ms: number;
}

/** Runs it to its end. Rejects where it does not come to one. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const began = performance.now();
  const { seed, revision, folder, kind = LOCAL } = options;
  await using keeping = await kind.start(join(folder, "state"));
  const lateCommits = { ...LATE, random: randomOf(seed, "late") };
  const platform = await startDevPlatform({
    port: 0,
    db: ":memory:",
    rateLimit: 0,
    revision,
    lateCommits,
  });
  const random = randomOf(seed, "faults");
  using proxy = new ChaosProxy(platform.url, () => drawFate(random, RATES));
  try {
    const run = new ChaosRun(options, keeping, platform, proxy);
    const verdict = await run.toEnd();
    return {
      ...verdict,
      messages: run.messages,
      kills: run.killer.deaths.length,
      hits: run.killer.hits,
      losses: keeping.losses,
      requests: proxy.requests,
      faults: Object.fromEntries([...proxy.befell].sort()),
      ms: Math.round(performance.now() - began),
    };
  } catch (error) {
    throw new Error(`the run with seed ${seed} on ${revision} broke off`, { cause: error });
  } finally {
    await platform.stop();
  }
}
