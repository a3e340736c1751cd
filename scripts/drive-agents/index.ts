/**
 * Drives the backends with real agents: `bun run test:agents [folder with their programs]`. Without a
 * folder they are installed from the package registry into a temporary one. Their models are fake ones on
 * 127.0.0.1, so no account is needed. Takes some minutes; exits with 1 if anything is not as expected.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The versions that were driven last. */
const AGENTS = [
  "@anthropic-ai/claude-code@2.1.329",
  "@agentclientprotocol/claude-agent-acp@0.100.0",
  "@agentclientprotocol/codex-acp@2.6.0",
  "@google/gemini-cli@0.61.0",
  "@openai/codex@0.169.0",
  "opencode-ai@1.18.33",
];
const INSTALL_MS = 600_000;
const DRIVE_MS = 450_000;

function run(name: string, command: string[], timeout: number): boolean {
  console.log(`== ${name}`);
  const { exitCode } = Bun.spawnSync(command, {
    stdio: ["ignore", "inherit", "inherit"],
    timeout,
  });
  return exitCode === 0;
}

function drive(folder: string): boolean {
  const script = (name: string) => [process.execPath, join(import.meta.dir, name)];
  const claude = run("claude-code", [...script("claude.ts"), join(folder, "claude")], DRIVE_MS);
  return run("acp", [...script("acp.ts"), folder], DRIVE_MS) && claude;
}

const [given] = process.argv.slice(2);
if (given !== undefined) process.exit(drive(given) ? 0 : 1);
const temporary = mkdtempSync(join(tmpdir(), "drive-agents-"));
try {
  // Some of them fetch or link their program in a script of their own, which bun would not run.
  const command = ["npm", "install", "--prefix", temporary, "--no-audit", "--no-fund", ...AGENTS];
  const ready = run("npm install", command, INSTALL_MS);
  process.exitCode = ready && drive(join(temporary, "node_modules", ".bin")) ? 0 : 1;
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
