/**
 * Drives the claude-code backend with the real Claude Code, whose model is a fake one on 127.0.0.1:
 * `bun scripts/drive-agents/claude.ts [path of claude] [part of a check's name]`. Needs no account and no
 * network. Prints one line for each check and exits with 1 if one fails.
 */
import { killAllGroups } from "../../src/backends/process/group.ts";
import { FAILURES } from "./claude-failures.ts";
import { CHECK_MS, type Checks, ClaudeLab } from "./claude-lab.ts";
import { SESSIONS } from "./claude-sessions.ts";
import { TOOLS } from "./claude-tools.ts";
import { WALLS } from "./claude-walls.ts";

/** All together take no longer. */
const ALL_MS = 420_000;

const CHECKS: Checks = { ...SESSIONS, ...FAILURES, ...TOOLS, ...WALLS };

const program = process.argv[2] ?? Bun.which("claude") ?? "claude";
const only = process.argv[3];

async function main(): Promise<number> {
  let failures = 0;
  const end = performance.now() + ALL_MS;
  for (const [name, check] of Object.entries(CHECKS)) {
    if (only !== undefined && !name.includes(only)) continue;
    if (performance.now() > end) throw new Error("out of time");
    using lab = new ClaudeLab(program);
    const begun = performance.now();
    const late = Bun.sleep(CHECK_MS).then(() => {
      throw new Error(`did not end within ${CHECK_MS / 1_000} s`);
    });
    late.catch(() => {});
    try {
      await Promise.race([check(lab), late]);
      console.log(`ok    ${name} (${Math.round(performance.now() - begun)} ms)`);
    } catch (error) {
      failures++;
      console.log(`FAIL  ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
    killAllGroups();
  }
  console.log(failures === 0 ? "all as expected" : `${failures} not as expected`);
  return failures === 0 ? 0 : 1;
}

process.exit(await main());
