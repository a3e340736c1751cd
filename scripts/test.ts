/**
 * The whole test suite, from a fresh clone: sets up, runs `bun test` (arguments are handed on), and
 * ends with a line "N passed, N failed".
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { ROOT, setUp } from "./set-up.ts";

setUp();
const report = join(ROOT, "dist", "junit.xml");
rmSync(report, { force: true });
const tests = Bun.spawnSync(
  [
    process.execPath,
    "test",
    "--timeout=60000",
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    ...process.argv.slice(2),
  ],
  { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] },
);

const xml = await Bun.file(report)
  .text()
  .catch(() => "");
const count = (name: string) =>
  Number(new RegExp(`<testsuites[^>]* ${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);
const skipped = count("skipped");
// A run that died before its report is a failure, whatever it had counted.
const failed =
  tests.exitCode === 0 && xml !== "" ? count("failures") : Math.max(1, count("failures"));
const passed = count("tests") - count("failures") - skipped;
if (skipped > 0) console.log(`${skipped} skipped, since this system lacks what they need`);
console.log(`${Math.max(0, passed)} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
