/** `molecule connect`: from flags to running bridges, and their end to an exit code. */
import { parseOptions } from "../../backends/options.ts";
import { findBackend } from "../../backends/registry.ts";
import { OpenRequests, requestCap } from "../../bridge/open-requests.ts";
import type { Context } from "../../cli/command.ts";
import type { Log } from "../../cli/log.ts";
import { Allowances } from "../../fleet/allowances.ts";
import { exitCodeOf, type Member, runFleet } from "../../fleet/fleet.ts";
import { parseApiUrl } from "../../platform/api-url.ts";
import { whenAborted } from "../../shared/abortions.ts";
import { systemClock } from "../../shared/clock.ts";
import { ExitCode, MoleculeError } from "../../shared/errors.ts";
import { httpParts } from "../access/http-parts.ts";
import { stateFolder } from "../access/state-folder.ts";
import { GLOBALS } from "../globals.ts";
import { logFor } from "../logging.ts";
import type { ConnectValues } from "./connect.ts";
import { dryRun, dryRunAll } from "./dry-run.ts";
import { tellFailure, tellLifecycle } from "./lifecycle-lines.ts";
import { memberLog } from "./member-log.ts";
import { namesOf } from "./names.ts";
import { observe, type Observing, type Watcher } from "./observing.ts";
import { type Stops, stopOnSignals, untilCut } from "./stopping.ts";
import { type SharedParts, WorkspaceRun, type WorkspaceSetup } from "./workspace-run.ts";
import { chooseWorkspaces, within } from "./workspaces.ts";

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

/** Which workspaces are answered, and with what. Rejects with a UsageError for what can't be meant. */
async function setUp(values: ConnectValues, context: Context): Promise<WorkspaceSetup[]> {
  const all = await chooseWorkspaces(values, context);
  // In JSON a field says it.
  const names = values.logFormat === "text" ? namesOf(all) : new Map<string, string>();
  return all.map((chosen): WorkspaceSetup => {
    const { backend, backendOpt } = chosen.flags;
    return within(chosen, all, () => {
      const type = findBackend(backend);
      const options = parseOptions(type, backendOpt);
      return { chosen, type, options, name: names.get(chosen.id) };
    });
  });
}

async function connect(
  values: ConnectValues,
  setups: readonly WorkspaceSetup[],
  context: Context,
  { log, baseUrl }: { log: Log; baseUrl: URL },
): Promise<ExitCode> {
  const folder = stateFolder(values.stateDir);
  let http: ReturnType<SharedParts["http"]> | undefined;
  const shared: SharedParts = {
    log,
    folder,
    baseUrl,
    http: () => (http ??= httpParts(context, { token: { value: undefined }, orgId: undefined })),
    allowances: new Allowances(systemClock),
  };
  const workspaces = setups.map((setup) => new WorkspaceRun(setup, shared));
  const [only] = workspaces;
  const isAlone = workspaces.length === 1 && only !== undefined;
  if (values.dryRun) {
    if (!isAlone) return dryRunAll(workspaces, context, baseUrl);
    await dryRun(only, context, baseUrl);
    return ExitCode.ok;
  }
  const { workspaceId: _, ...flags } = values;
  const observing = observe({ flags, context, log, folder });
  const watched = workspaces.map((workspace) => ({
    workspace,
    watcher: observing.member({
      workspaceId: workspace.id,
      name: workspace.setup.chosen.flags.agentName,
      backend: workspace.setup.type.name,
      mode: workspace.setup.chosen.flags.mode,
      intervalMs: workspace.setup.chosen.flags.intervalMs,
      heartbeatMs: workspace.setup.chosen.flags.heartbeatMs,
      counts: () => workspace.counts(),
      overdue: () => workspace.overdue(),
    }),
  }));
  const held = await Promise.all(workspaces.map((workspace) => workspace.requests()));
  const requests = new OpenRequests(
    requestCap(context.env),
    held.reduce((sum, one) => sum + one, 0),
  );
  const [first] = watched;
  return isAlone && first !== undefined
    ? runAlone(first, { log: only.log(), requests, observing })
    : runTogether(watched, values, { log, requests, observing });
}

/** A workspace, and what looks at it. */
interface Watched {
  workspace: WorkspaceRun;
  watcher: Watcher;
}

interface Running {
  log: Log;
  requests: OpenRequests;
  observing: Observing;
}

/** One workspace: its end is the end of the process. */
async function runAlone(
  { workspace, watcher }: Watched,
  { log, requests, observing }: Running,
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
  watched: readonly Watched[],
  { heartbeatMs: spreadMs, once }: ConnectValues,
  { log, requests, observing }: Running,
): Promise<ExitCode> {
  await observing.ready();
  const stops = stopOnSignals(log);
  observing.show();
  const byId = new Map(watched.map((one) => [one.workspace.id, one]));
  const members = watched.map(({ workspace, watcher }): Member => {
    const run = async (drain: AbortSignal, now: AbortSignal, up: () => void) => {
      const looked = workspace.ready();
      const ready = await Promise.race([looked, whenAborted(drain)]);
      if (ready === undefined) return void looked.catch(() => {});
      await workspace.serve(ready, requests, { drain, now }, (event) => {
        watcher.hear(event);
        if (event.type === "connected") up();
      });
    };
    return { id: workspace.id, run };
  });
  const parts = {
    clock: systemClock,
    random: Math.random,
    tell: (id: string, change: Parameters<Watcher["lifecycle"]>[0]) => {
      const one = byId.get(id);
      if (one === undefined) return;
      tellLifecycle(one.workspace.log(), change);
      one.watcher.lifecycle(change);
    },
  };
  const running = runFleet(members, { spreadMs, once }, parts, stops.drain, stops.now)
    .then((code) => told(log, code, stops, once))
    .finally(() => observing.close());
  return untilCut(running, stops);
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
