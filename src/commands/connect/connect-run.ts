/** `molecule connect`: from flags to running bridges, and their end to an exit code. */
import type { Context } from "../../cli/command.ts";
import type { Log } from "../../cli/log.ts";
import { exitCodeOf } from "../../fleet/fleet.ts";
import { parseApiUrl } from "../../platform/api-url.ts";
import { ExitCode, MoleculeError } from "../../shared/errors.ts";
import { stateFolder } from "../access/state-folder.ts";
import { GLOBALS } from "../globals.ts";
import { logFor } from "../logging.ts";
import type { ConnectValues } from "./connect.ts";
import { dryRun, dryRunAll } from "./dry-run.ts";
import { tellFailure } from "./lifecycle-lines.ts";
import { memberLog } from "./member-log.ts";
import { setUp, workspacesOf } from "./set-up.ts";
import { type SharedStore, sharedStore } from "./shared-store.ts";
import { type Stops, stopOnSignals, untilCut } from "./stopping.ts";
import { tend } from "./tending.ts";
import { type Running, watch, type Watched } from "./watched.ts";
import type { WorkspaceSetup } from "./workspace-run.ts";

/** Runs the bridges until they end or are stopped. */
export async function run(values: ConnectValues, context: Context): Promise<ExitCode> {
  const log = logFor(context, values.logFormat);
  let setups: readonly WorkspaceSetup[] = [];
  try {
    setups = await setUp(values, context);
    const baseUrl = parseApiUrl(context.get(GLOBALS.apiUrl));
    return await connect(values, setups, context, { log, baseUrl });
  } catch (error) {
    if (values.logFormat === "text" || !(error instanceof MoleculeError)) throw error;
    // Who reads JSON lines reads nothing else.
    tellFailure(logOf(log, setups), error);
    return error.exitCode;
  }
}

async function connect(
  values: ConnectValues,
  setups: readonly WorkspaceSetup[],
  context: Context,
  { log, baseUrl }: { log: Log; baseUrl: URL },
): Promise<ExitCode> {
  const folder = stateFolder(values.stateDir);
  const ids = setups.map(({ chosen }) => chosen.id);
  const shared = await sharedStore(values, context, log, ids);
  try {
    const place = { log, folder, baseUrl, stores: shared?.stores };
    return await serve(values, setups, context, place, shared);
  } finally {
    await shared?.close();
  }
}

async function serve(
  values: ConnectValues,
  setups: readonly WorkspaceSetup[],
  context: Context,
  place: Parameters<typeof workspacesOf>[2],
  shared: SharedStore | undefined,
): Promise<ExitCode> {
  const { log, folder, baseUrl } = place;
  const workspaces = workspacesOf(setups, context, place);
  const [only] = workspaces;
  const isAlone = workspaces.length === 1 && only !== undefined;
  if (values.dryRun) {
    if (!isAlone) return dryRunAll(workspaces, context, baseUrl);
    await dryRun(only, context, baseUrl);
    return ExitCode.ok;
  }
  const { workspaceId: _, ...flags } = values;
  const running = await watch(workspaces, { flags, context, log, folder });
  for (const { watcher } of running.watched) shared?.watch((event) => watcher.hear(event));
  const [first] = running.watched;
  return isAlone && first !== undefined
    ? runAlone(first, only.log(), running)
    : runTogether(running, values, log);
}

/** One workspace: its end is the end of the process. */
async function runAlone(
  { workspace, watcher }: Watched,
  log: Log,
  { requests, observing }: Running,
): Promise<ExitCode> {
  // Until here a signal ends the process as it would any other.
  const ready = await workspace.ready();
  await observing.ready();
  const stops = stopOnSignals(log);
  observing.show();
  watcher.lifecycle({ state: "starting" });
  const serving = workspace
    .serve(ready, requests, stops, (event) => {
      watcher.hear(event);
      if (event.type === "connected") watcher.lifecycle({ state: "connected" });
    })
    .then(
      () => watcher.lifecycle({ state: "ended", error: undefined, exitCode: ExitCode.ok }),
      (error: unknown) => {
        watcher.lifecycle({ state: "ended", error, exitCode: exitCodeOf(error) });
        throw error;
      },
    )
    .finally(() => observing.close());
  return untilCut(
    serving.then(() => ExitCode.ok),
    stops,
  );
}

/** Several: each has its own life, and the process ends with the last of them. */
async function runTogether(
  running: Running,
  { heartbeatMs: spreadMs, once }: ConnectValues,
  log: Log,
): Promise<ExitCode> {
  await running.observing.ready();
  const stops = stopOnSignals(log);
  running.observing.show();
  const tended = tend(running, { spreadMs, once }, stops).then((code) =>
    told(log, code, stops, once),
  );
  return untilCut(tended, stops);
}

/** Why the process ends although nobody has told it to. */
function told(log: Log, code: ExitCode, { drain }: Stops, once: boolean): ExitCode {
  if (!drain.aborted && !once) {
    log.error("no workspace is left to answer", { event: "ended", exit_code: code });
  }
  return code;
}

/** That of the one workspace, where there is but one. */
function logOf(log: Log, setups: readonly WorkspaceSetup[]): Log {
  const [only] = setups;
  if (only === undefined || setups.length > 1) return log;
  return memberLog(log, { workspaceId: only.chosen.id, name: undefined });
}
