/** Several workspaces in one process, listed in the operator's file. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type LoggedEvent, Run, type RunSetup, runToEnd } from "./binary.ts";
import { type Dev, type DevWorkspace, type Flags, words } from "./connect.ts";

/** An entry of the list: texts as YAML has them. */
export type Entry = Record<string, string>;

/** The operator's file, with an entry for each workspace. */
export function configure(home: string, url: string, entries: Entry[], more = ""): void {
  const path = join(home, ".config", "molecule.yaml");
  const item = (entry: Entry) =>
    Object.entries(entry)
      .map(([key, text], at) => `${at === 0 ? "  - " : "    "}${key}: ${text}\n`)
      .join("");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `api_url: ${url}\n${more}workspaces:\n${entries.map(item).join("")}`);
}

/** That of a workspace with its token, answered by the mock backend. */
export const entryOf = ({ id, tokenFile }: DevWorkspace, more: Entry = {}): Entry => ({
  id,
  token_file: tokenFile,
  backend: "mock",
  interval_ms: "20",
  since_secs: "3600",
  ...more,
});

/** For one that is answered by a command. */
export const execOf = (cmd: string): Entry => ({
  backend: "exec",
  backend_opt: JSON.stringify({ cmd }),
});

/** Starts a fleet that speaks JSON. */
export function fleet(
  home: string,
  flags: Flags = {},
  ids: string[] = [],
  more: Partial<RunSetup> = {},
) {
  return new Run(["connect", ...ids, ...words({ "log-format": "json", ...flags })], {
    home,
    ...more,
  });
}

/** The lines of one workspace that tell such an event. */
export function told(run: Run, type: LoggedEvent["event"], { id }: { id: string }): LoggedEvent[] {
  return run.of(type).filter((line) => line["workspace_id"] === id);
}

/** Resolves once there are so many of them. */
export function until(
  run: Run,
  type: LoggedEvent["event"],
  workspace: { id: string },
  nth = 1,
): Promise<void> {
  const here = () => told(run, type, workspace).length >= nth;
  return run.until(here, `${nth} × ${type} of ${workspace.id}`);
}

/** Sends as the person at the canvas; gives the answer where it is waited for. */
export async function ask(dev: Dev, to: DevWorkspace, text: string, wait = true): Promise<string> {
  const flags = { "api-url": dev.url, "api-token-file": dev.adminTokenFile };
  const args = ["agent", "send", to.id, text, wait ? "--wait" : "--no-wait", ...words(flags)];
  const run = await runToEnd(args, { home: dev.home });
  if (run.code !== 0) throw new Error(run.stderr);
  return run.stdout.trim();
}
