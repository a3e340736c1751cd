/**
 * `bun run budget [binary]`: whether the compiled binary, or another one, keeps its size, start and
 * memory, as ratios to an empty program that is compiled beside it, and whether a build elsewhere
 * gives the same bytes. Run it after `bun run build`. One line for each budget on standard output; exit 1 where one is broken.
 */
import { copyFileSync, existsSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import pkg from "../package.json" with { type: "json" };
import { median } from "./bench/measurement.ts";
import { copyTree, emptyProgram } from "./budget/sources.ts";
import { interleave, pairedRatio, peakMemory, type Run } from "./budget/runs.ts";
import { type Builds, judgeRatio, judgeSameness, LIMITS, type Verdict } from "./budget/verdict.ts";
import { git, shortCommit } from "./git.ts";
import { megabytes } from "./megabytes.ts";
import { compileWhole } from "./release/finish.ts";
import { sha256 } from "./release/sha256.ts";
import { BINARY } from "./set-up.ts";
import { withTempFolder } from "./temp-folder.ts";

const ROUNDS = 40;
const MEMORY_ROUNDS = 20;
/** Another program may disturb a measurement, and hardly three in a row. */
const TRIES = 3;

process.exitCode = await main(process.argv[2] ?? BINARY);

async function main(given: string): Promise<number> {
  if (!existsSync(given)) {
    console.error(`there is no ${given}: run bun run build first`);
    return 1;
  }
  try {
    const verdicts = await withTempFolder("molecule-budget-", (folder) => measure(given, folder));
    for (const { kept, text, remedy } of verdicts) {
      console.log(kept ? `kept    ${text}` : `BROKEN  ${text}\n        ${remedy}`);
    }
    return verdicts.every(({ kept }) => kept) ? 0 : 1;
  } catch (error) {
    console.error(`the budgets can't be measured: ${(error as Error).message}`);
    return 1;
  }
}

async function measure(given: string, folder: string): Promise<Verdict[]> {
  const empty = join(folder, "empty-out", basename(BINARY));
  compileWhole({ ...emptyProgram(join(folder, "empty")), outfile: empty });
  // A copy, so that a build meanwhile does not change what is measured.
  const binary = join(folder, basename(BINARY));
  copyFileSync(given, binary);
  const commit = commitOf(binary);
  return [
    judgeSize(binary, empty),
    await judgeStart(binary, empty),
    await judgeMemory(binary, empty),
    judgeSameness(builds(folder, binary, commit)),
  ];
}

function judgeSize(binary: string, empty: string): Verdict {
  const [own, bare] = [statSync(binary).size, statSync(empty).size];
  return judgeRatio("size", own / bare, `${megabytes(own)} and ${megabytes(bare)} MB`);
}

async function judgeStart(binary: string, empty: string): Promise<Verdict> {
  return judgeLeast("start", async () => {
    const [own = [], bare = []] = interleave([[binary, "--version"], [empty]], ROUNDS);
    const shown = `${cpu(own)} and ${cpu(bare)} ms of processor time`;
    return { ratio: pairedRatio(own, bare, "cpuMs"), shown };
  });
}

async function judgeMemory(binary: string, empty: string): Promise<Verdict> {
  return judgeLeast("memory", async () => {
    const own = await peakMemory([binary, "--version"], MEMORY_ROUNDS);
    const bare = await peakMemory([empty], MEMORY_ROUNDS);
    const shown = `peaks of ${megabytes(own)} and ${megabytes(bare)} MB`;
    return { ratio: own / bare, shown };
  });
}

/** Measured again where it is over the limit, and the least counts: a real excess is there each time. */
async function judgeLeast(
  name: keyof typeof LIMITS,
  measured: () => Promise<{ ratio: number; shown: string }>,
): Promise<Verdict> {
  let least = await measured();
  for (let tries = 1; tries < TRIES && !(least.ratio <= LIMITS[name]); tries++) {
    const next = await measured();
    if (!(next.ratio >= least.ratio)) least = next;
  }
  return judgeRatio(name, least.ratio, least.shown);
}

function cpu(runs: readonly Run[]): string {
  return median(runs.map(({ cpuMs }) => cpuMs)).toFixed(1);
}

/** Builds copies of the tree in two folders whose paths have nothing in common, not even their length. */
function builds(folder: string, binary: string, commit: string): Builds {
  const build = (name: string) => {
    const root = join(folder, name);
    copyTree(root);
    const outfile = join(root, "out", basename(BINARY));
    const stamp = { version: pkg.version, commit };
    compileWhole({ root, entry: "src/main.ts", outfile, stamp });
    return digestOf(outfile);
  };
  const copies = [build("a"), build(join("another", "folder", "further down"))] as const;
  if (shortCommit() !== commit) return { copies, atHand: { leftOut: "it is of another commit" } };
  if (git("status", "--porcelain")?.trim() !== "") {
    return { copies, atHand: { leftOut: "the tree has changes that are not committed" } };
  }
  return { copies, atHand: { digest: digestOf(binary) } };
}

/** The commit that a binary says it was built of. */
function commitOf(binary: string): string {
  const { stdout } = Bun.spawnSync([binary, "--version"], { stdout: "pipe", env: {} });
  const commit = /\((.+)\)/.exec(stdout.toString())?.[1];
  if (commit === undefined) throw new Error(`${binary} does not tell its commit`);
  return commit;
}

function digestOf(path: string): string {
  return sha256(readFileSync(path)).toString("hex");
}
