/** The compiled bridge at work on a filled workspace, and what its log says of it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Filled } from "./platform.ts";
import type { Workbench } from "./workbench.ts";

export interface LogLine {
  /** Milliseconds since 1970. */
  at: number;
  event: string;
  message: string;
  workspaceId: string | undefined;
  wakeState: string | undefined;
}

export interface Bridge {
  process: Bun.Subprocess;
  /** What it has told so far, oldest first. */
  log(): Promise<LogLine[]>;
}

/**
 * Starts `molecule connect` after the first row of the workspace. It logs into a file, so that nobody
 * who reads along takes its share of the processor.
 */
export function startBridge(bench: Workbench, filled: Filled, args: string[]): Bridge {
  const folder = bench.newFolder();
  const { workspaceId, cursor, token, url } = filled;
  // As the Go tool leaves it.
  const file = JSON.stringify({ workspace_id: workspaceId, last_since_id: cursor });
  writeFileSync(join(folder, `${workspaceId}.json`), file, { mode: 0o600 });
  return connect(bench, folder, [workspaceId, "--api-url", url, ...args], {
    MOLECULE_WORKSPACE_TOKEN: token,
  });
}

/** Starts `molecule connect` for what the arguments say, with its state in the folder. */
export function startFleet(bench: Workbench, folder: string, url: string, args: string[]): Bridge {
  return connect(bench, folder, ["--api-url", url, ...args], {});
}

function connect(
  bench: Workbench,
  folder: string,
  args: string[],
  env: Record<string, string>,
): Bridge {
  const log = Bun.file(join(folder, "log"));
  const child = Bun.spawn([bench.binary, "connect", ...args, "--log-format", "json"], {
    env: {
      ...process.env,
      HOME: folder,
      USERPROFILE: folder,
      MOLECULE_STATE_DIR: folder,
      ...env,
    },
    stdio: ["ignore", "ignore", log],
  });
  bench.adopt(child);
  return { process: child, log: async () => Bun.JSONL.parse(await log.text()).map(readLine) };
}

/** Runs it to its end with `--once`; rejects where it fails or answers another number of messages. */
export async function runBridge(
  bench: Workbench,
  filled: Filled,
  messages: number,
  args: string[],
): Promise<LogLine[]> {
  const bridge = startBridge(bench, filled, ["--once", ...args]);
  const code = await bridge.process.exited;
  const log = await bridge.log();
  const answered = log.filter(({ event }) => event === "answered").length;
  if (code !== 0 || answered !== messages) {
    const last = log.at(-1)?.message;
    throw new Error(
      `the bridge ended with ${code} after ${answered} of ${messages} answers: ${last}`,
    );
  }
  return log;
}

/** From the first event of one kind to the last of another, in milliseconds. */
export function between(log: readonly LogLine[], first: string, last: string): number {
  const begin = log.find(({ event }) => event === first)?.at ?? Number.NaN;
  const end = log.findLast(({ event }) => event === last)?.at ?? Number.NaN;
  return end - begin;
}

/** Of a line of the log, what is used here. */
interface JsonLine {
  time: string;
  event?: string;
  msg: string;
  workspace_id?: string;
  wake_state?: string;
}

function readLine(line: unknown): LogLine {
  const { time, event = "", msg, ...fields } = line as JsonLine;
  const { workspace_id: workspaceId, wake_state: wakeState } = fields;
  return { at: Date.parse(time), event, message: msg, workspaceId, wakeState };
}
