/** From the flags of a workspace to the options of its bridge. */
import type { Backend } from "../../backends/backend.ts";
import { ALLOW_ALL, type BridgeOptions } from "../../bridge/parts.ts";
import { VERSION } from "../../project.ts";
import { parseDollars } from "../../shared/dollars.ts";
import { parseAllowFrom } from "./allow-from.ts";
import type { ConnectFlags } from "./connect.ts";

/** Runs an hour that one peer may cause of a backend that costs money. */
const TURNS_AN_HOUR = 60;

/** Those of a bridge in poll mode, which one in push mode has, too. `name`: the backend's. `isShared`: its store is. */
export function bridgeOptions(
  workspaceId: string,
  flags: ConnectFlags,
  name: string,
  backend: Backend,
  isShared = false,
): BridgeOptions {
  return {
    workspaceId,
    card: {
      name: flags.agentName ?? "",
      description: `An agent behind molecule connect (${name})`,
      version: VERSION,
      capabilities: { streaming: false, pushNotifications: false },
      defaultInputModes: ["text/plain"],
      defaultOutputModes: ["text/plain"],
      skills: [],
    },
    intervalMs: flags.intervalMs,
    heartbeatMs: flags.heartbeatMs,
    wake: flags.wake,
    sinceSecs: flags.sinceSecs,
    concurrency: concurrencyOf(flags, backend),
    turnLimit: flags.turnLimit ?? (backend.costsMoney ? TURNS_AN_HOUR : 0),
    maxPausedMs: flags.maxPaused,
    // Who shares a store is there to take over.
    waitLock: flags.waitLock || (isShared && !flags.once),
    maxAttempts: flags.maxAttempts,
    graceMs: flags.graceSecs * 1000,
    maxOfflineMs: flags.maxOffline,
    onReply: flags.onReply,
    once: flags.once,
    allowFrom: parseAllowFrom(flags.allowFrom) ?? ALLOW_ALL,
    dailyBudgetUsd: flags.dailyBudget === undefined ? undefined : parseDollars(flags.dailyBudget),
    progress: flags.progress,
  };
}

/** Messages that are answered at once. */
export function concurrencyOf(
  { concurrency }: Pick<ConnectFlags, "concurrency">,
  backend: Pick<Backend, "concurrency">,
): number {
  return concurrency ?? backend.concurrency;
}
