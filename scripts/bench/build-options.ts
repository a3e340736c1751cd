/**
 * `bun scripts/bench/build-options.ts [--quick]`: what each option of the build does to the binary's
 * size, start and memory, as Markdown tables. The figures are told, never judged (that is
 * scripts/budget.ts). Apart from `bun run bench`, whose table has one figure in a line. Takes some
 * minutes, most of them to compress, which `--quick` leaves out.
 */
import { statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { emptyProgram } from "../budget/sources.ts";
import { interleave, pairedRatio, peakMemory } from "../budget/runs.ts";
import { COMPILE_FLAGS } from "../compile.ts";
import { megabytes } from "../megabytes.ts";
import { compileWhole } from "../release/finish.ts";
import { BINARY, ROOT } from "../set-up.ts";
import { withTempFolder } from "../temp-folder.ts";
import { median } from "./measurement.ts";

const quick = process.argv.includes("--quick");

const ROUNDS = 40;
const MEMORY_ROUNDS = 20;
/** Compressors, each of which fills a processor. */
const AT_ONCE = Math.min(availableParallelism(), 4);

interface Variant {
  name: string;
  flags: readonly string[];
  /** The empty program instead of ours. */
  empty?: boolean;
}

const without = (...names: string[]) =>
  COMPILE_FLAGS.filter((flag) => !names.includes(flag.split("=")[0] ?? flag));

const VARIANTS: readonly Variant[] = [
  { name: "none", flags: ["--compile"] },
  { name: "`--minify`", flags: ["--compile", "--minify"] },
  { name: "`--bytecode --format=esm`", flags: ["--compile", "--bytecode", "--format=esm"] },
  {
    name: "`--minify --bytecode --format=esm`",
    flags: ["--compile", "--minify", "--bytecode", "--format=esm"],
  },
  { name: "**ours**", flags: COMPILE_FLAGS },
  { name: "ours without `--splitting`", flags: without("--splitting") },
  { name: "ours with `--minify-identifiers`", flags: [...COMPILE_FLAGS, "--minify-identifiers"] },
  { name: "ours with `--sourcemap`", flags: [...COMPILE_FLAGS, "--sourcemap"] },
  { name: "ours without `--bytecode`", flags: without("--bytecode", "--bytecode-depth") },
  { name: "ours without `--bytecode-depth`", flags: without("--bytecode-depth") },
  { name: "an empty program, with ours", flags: COMPILE_FLAGS, empty: true },
];

const COLUMNS = [
  "Options",
  "Size, MB",
  "gzip -9, MB",
  "Start, ms",
  "Start, of the empty one's",
  "Processor time, of the empty one's",
  "Peak memory, MB",
];

try {
  console.log(await withTempFolder("molecule-options-", report));
} catch (error) {
  console.error(`the options can't be compared: ${(error as Error).message}`);
  process.exitCode = 1;
}

async function report(folder: string): Promise<string> {
  const binaries = VARIANTS.map((variant, at) => build(variant, join(folder, String(at))));
  say("compiled; now they are run in turns");
  const runs = interleave(
    binaries.map((binary) => [binary, "--version"]),
    ROUNDS,
  );
  const bare = runs.at(-1) ?? [];
  const peaks: number[] = [];
  for (const binary of binaries) {
    peaks.push(await peakMemory([binary, "--version"], MEMORY_ROUNDS));
  }
  const archives: number[] = [];
  for (let at = 0; !quick && at < binaries.length; at += AT_ONCE) {
    const some = binaries.slice(at, at + AT_ONCE);
    archives.push(...(await Promise.all(some.map((one) => packed(["gzip", "-9", "-c", one])))));
    say(`compressed ${archives.length} of ${binaries.length}`);
  }
  const rows = VARIANTS.map(({ name }, at) => {
    const own = runs[at] ?? [];
    return [
      name,
      megabytes(statSync(binaries[at] ?? "").size),
      megabytes(archives[at] ?? Number.NaN),
      median(own.map(({ wallMs }) => wallMs)).toFixed(1),
      pairedRatio(own, bare, "wallMs").toFixed(2),
      pairedRatio(own, bare, "cpuMs").toFixed(2),
      megabytes(peaks[at] ?? Number.NaN),
    ];
  });
  const ours = binaries[VARIANTS.findIndex(({ name }) => name === "**ours**")] ?? "";
  return [
    `Bun ${Bun.version}, ${process.platform} ${process.arch}; medians of ${ROUNDS} runs of \`molecule --version\`, in turns; ratios pair by pair.`,
    "",
    ...table(COLUMNS, rows),
    ...(quick ? [] : ["", ...table(["Download, of ours", "MB"], await downloads(ours))]),
  ].join("\n");
}

function build({ flags, empty }: Variant, out: string): string {
  const program = empty
    ? emptyProgram(join(out, "source"))
    : { root: ROOT, entry: "src/main.ts", stamp: { version: "0.0.0", commit: "bench" } };
  const outfile = join(out, "binary", basename(BINARY));
  compileWhole({ ...program, flags, outfile });
  return outfile;
}

/** What an archive of the binary would weigh, by each program that is there. */
async function downloads(binary: string): Promise<string[][]> {
  const rows: string[][] = [];
  for (const command of [
    ["gzip", "-9", "-c", binary],
    ["zstd", "-19", "-q", "-c", binary],
    ["xz", "-6", "-c", binary],
  ]) {
    const [program = "", level = ""] = command;
    if (Bun.which(program) === null) continue;
    say(`${program} ${level}`);
    rows.push([`${program} ${level}`, megabytes(await packed(command))]);
  }
  return rows;
}

/** The bytes that a command prints; NaN where it is not there or fails. */
async function packed(command: string[]): Promise<number> {
  if (Bun.which(command[0] ?? "") === null) return Number.NaN;
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  let bytes = 0;
  for await (const chunk of child.stdout) bytes += chunk.length;
  return (await child.exited) === 0 ? bytes : Number.NaN;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

function say(progress: string): void {
  console.error(progress);
}
