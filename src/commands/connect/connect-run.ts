/** `molecule connect`: from flags to a running bridge, and its end to an exit code. */
import type { Backend, BackendMemory, BackendType, OptionValues } from "../../backends/backend.ts";
import { parseOptions } from "../../backends/options.ts";
import { endLeftovers } from "../../backends/process/leftovers.ts";
import { killAllGroups } from "../../backends/process/group.ts";
import { findBackend } from "../../backends/registry.ts";
import { runBridge } from "../../bridge/bridge.ts";
import type { BridgeEvent } from "../../bridge/events.ts";
import { ALLOW_ALL, type BridgeOptions, type LeftRun } from "../../bridge/parts.ts";
import { explainUnauthorized } from "../../bridge/presence/unauthorized.ts";
import { checkBudget } from "../../bridge/runs/budget.ts";
import type { Context } from "../../cli/command.ts";
import type { Log } from "../../cli/log.ts";
import { PlatformClient } from "../../platform/client.ts";
import { parseApiUrl } from "../../platform/api-url.ts";
import { PlatformError, type Platform } from "../../platform/platform.ts";
import type { Token } from "../../platform/token.ts";
import { VERSION } from "../../project.ts";
import { runPushBridge } from "../../push/push-bridge.ts";
import { whenAborted } from "../../shared/abortions.ts";
import { systemClock, within } from "../../shared/clock.ts";
import { ExitCode, MoleculeError } from "../../shared/errors.ts";
import { addressOf } from "../../shared/kept-token.ts";
import { LocalStore } from "../../store/local.ts";
import type { Store } from "../../store/store.ts";
import { tokenPath } from "../../store/token-file.ts";
import { parseDollars } from "../../shared/dollars.ts";
import { parseAllowFrom } from "./allow-from.ts";
import type { ConnectValues } from "./connect.ts";
import { checkMode, pushOptions } from "./connect-push.ts";
import { checkCredentials, resolveToken } from "../access/credentials.ts";
import { logEvent } from "./event-lines.ts";
import { GLOBALS } from "../globals.ts";
import { httpParts } from "../access/http-parts.ts";
import { rememberWorkspaces } from "../which/known-workspaces.ts";
import { logFor } from "../logging.ts";
import { show } from "../show.ts";
import { onStopSignals } from "../signals.ts";
import { stateFolder } from "../access/state-folder.ts";
import { requireUuid } from "../which/workspace-id.ts";

/** How long the bridge may take to note what was cut, once it was told to stop at once. */
const LAST_WORDS_MS = 500;
/** Runs an hour that one peer may cause of a backend that costs money. */
const TURNS_AN_HOUR = 60;

/** Runs the bridge until it ends or is stopped. */
export async function run(given: ConnectValues, context: Context): Promise<ExitCode> {
  const values = { ...given, workspaceId: await requireUuid(given.workspaceId, context.env) };
  checkUsage(values, context);
  const baseUrl = parseApiUrl(context.get(GLOBALS.apiUrl));
  const type = findBackend(values.backend);
  const options = parseOptions(type, values.backendOpt);
  const log = logFor(context, values.logFormat);
  try {
    return await connect(values, context, log, { baseUrl, type, options });
  } catch (error) {
    if (values.logFormat === "text" || !(error instanceof MoleculeError)) throw error;
    // Who reads JSON lines reads nothing else.
    const { message, hint, exitCode } = error;
    log.error(message, { event: "failed", hint, exit_code: exitCode });
    return exitCode;
  }
}

async function connect(
  values: ConnectValues,
  context: Context,
  log: Log,
  { baseUrl, type, options }: { baseUrl: URL; type: BackendType; options: OptionValues },
): Promise<ExitCode> {
  const { workspaceId } = values;
  const folder = stateFolder(values.stateDir);
  const store = new LocalStore(folder, workspaceId, { platform: addressOf(baseUrl) });
  let notes = 0;
  const backend = await type.create(options, {
    clock: systemClock,
    secrets: context.io.secrets,
    env: context.env,
    memory: memoryOf(store, type.name),
    random: Math.random,
    onNote: (text, activityId) => {
      notes += 1;
      logEvent(log, { type: "backend-note", text, activityId });
    },
    onStderr: (line, activityId) => logEvent(log, { type: "backend-stderr", line, activityId }),
  });
  checkBudget(values.dailyBudget, type.name, backend);
  await backend.check();

  const token = await resolveToken(values, context, log, tokenPath(folder, workspaceId));
  const speaker = { token, orgId: values.orgId, identity: workspaceId };
  const platform = new PlatformClient({ ...(await httpParts(context, speaker)), workspaceId });
  if (values.dryRun) {
    const check = notes === 0 ? "passed" : "passed, with a warning";
    await dryRun(values, context, { platform, token, baseUrl, check });
    return ExitCode.ok;
  }
  const { drain, now } = stopOnSignals(log);
  log.debug(`state is in ${folder}; the token is from ${token.origin}`);
  log.info(`connecting ${workspaceId} to ${baseUrl.href} with the ${type.name} backend`, {
    event: "connecting",
    workspaceId,
    apiUrl: baseUrl.href,
    backend: type.name,
  });
  let met: Promise<void> | undefined;
  const bridgeParts = {
    platform,
    backend,
    store,
    endLeftovers: (runs: readonly LeftRun[]) => endLeftovers(runs, systemClock),
    token,
    clock: systemClock,
    releaseMemory: () => Bun.gc(true),
    random: Math.random,
    emit: (event: BridgeEvent) => {
      if (event.type === "connected") met = rememberWorkspaces([{ id: workspaceId }], context.env);
      logEvent(log, event);
    },
    secrets: context.io.secrets,
  };
  const polling = bridgeOptions(values, type.name, backend);
  const pushing = pushOptions(values, polling, baseUrl, backend, context.env);
  const bridging = (
    pushing === undefined
      ? runBridge(polling, bridgeParts, drain, now)
      : runPushBridge(pushing, bridgeParts, drain, now)
  ).finally(() => Promise.all([backend.close?.(), met]));
  const cut = whenAborted(now)
    .then(() => within(systemClock, LAST_WORDS_MS, bridging))
    .catch(() => {})
    .then(() => ExitCode.interrupted);
  return Promise.race([bridging.then(() => (now.aborted ? cut : ExitCode.ok)), cut]);
}

/** The part of the store's memory that is this backend's. */
function memoryOf(store: Store, name: string): BackendMemory {
  return {
    recall: (key) => store.memory.recall(`${name}/${key}`),
    remember: (key, value) => store.memory.remember(`${name}/${key}`, value),
  };
}

/** Everything that can be told from the command line alone, before any I/O. */
function checkUsage(values: ConnectValues, context: Context): void {
  checkMode(values, context);
  checkCredentials(context);
}

function bridgeOptions(
  values: ConnectValues,
  backendName: string,
  backend: Backend,
): BridgeOptions {
  return {
    workspaceId: values.workspaceId,
    card: {
      name: values.agentName ?? "",
      description: `An agent behind molecule connect (${backendName})`,
      version: VERSION,
      capabilities: { streaming: false, pushNotifications: false },
      defaultInputModes: ["text/plain"],
      defaultOutputModes: ["text/plain"],
      skills: [],
    },
    intervalMs: values.intervalMs,
    heartbeatMs: values.heartbeatMs,
    sinceSecs: values.sinceSecs,
    concurrency: values.concurrency ?? backend.concurrency,
    turnLimit: values.turnLimit ?? (backend.costsMoney ? TURNS_AN_HOUR : 0),
    maxPausedMs: values.maxPaused,
    waitLock: values.waitLock,
    maxAttempts: values.maxAttempts,
    graceMs: values.graceSecs * 1000,
    maxOfflineMs: values.maxOffline,
    onReply: values.onReply,
    once: values.once,
    allowFrom: parseAllowFrom(values.allowFrom) ?? ALLOW_ALL,
    dailyBudgetUsd: values.dailyBudget === undefined ? undefined : parseDollars(values.dailyBudget),
    progress: values.progress,
  };
}

/** The state route answers only to a valid token of this very workspace, and changes nothing. */
async function dryRun(
  { workspaceId, backend }: ConnectValues,
  context: Context,
  parts: { platform: Platform; token: Token; baseUrl: URL; check: string },
): Promise<void> {
  const { platform, token, baseUrl, check } = parts;
  let state;
  try {
    state = await platform.state();
  } catch (error) {
    if (!(error instanceof PlatformError) || error.verdict !== "unauthorized") throw error;
    throw await explainUnauthorized(error, platform, workspaceId, token);
  }
  const report = {
    workspace_id: workspaceId,
    api_url: baseUrl.href,
    status: state.status ?? "unknown",
    token: "accepted",
    token_from: token.origin,
    backend,
    backend_check: check,
  };
  await show(context, report);
}

/** A first signal drains; with the second one every child is dead before anything else happens. */
function stopOnSignals(log: Log): { drain: AbortSignal; now: AbortSignal } {
  const drain = new AbortController();
  const now = new AbortController();
  onStopSignals(
    () => drain.abort(),
    () => {
      killAllGroups();
      if (!now.signal.aborted) log.warn("stopping at once", { event: "cut" });
      now.abort();
      drain.abort();
    },
  );
  return { drain: drain.signal, now: now.signal };
}
