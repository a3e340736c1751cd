/** What the bridge is made of. It is handed in from the edges: the core makes nothing of its own. */
import type { Backend } from "../backends/backend.ts";
import type { AgentCard } from "../contract/types.ts";
import type { Platform } from "../platform/platform.ts";
import type { Clock } from "../shared/clock.ts";
import type { Store } from "../store/store.ts";
import type { Allowance } from "./allowance.ts";
import type { Emit } from "./events.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { TokenInfo } from "./presence/unauthorized.ts";

/** The token of the moment, and the way to a newer one. */
export interface TokenSource extends TokenInfo {
  /** It is read from a file, which may be replaced. */
  readonly mayChange: boolean;
  /** How long a newer one is waited for, in milliseconds; 0 where none can come. */
  readonly patienceMs: number;
  adopt(value: string, origin: string): void;
  /** Resolves with whether there is a token other than the refused one, waiting for it if asked. */
  renew(
    refused: string | undefined,
    clock: Clock,
    wait: boolean,
    signal?: AbortSignal,
  ): Promise<boolean>;
}

/** A run that the death of a process cut, and the child that it had, as far as that is known. */
export interface LeftRun {
  activityId: string;
  pid: number | undefined;
  identity: string | undefined;
}

export interface BridgeParts {
  platform: Platform;
  backend: Backend;
  /** Not open yet. */
  store: Store;
  /** Ends what is left of runs that a dead process began; resolves with how many processes ended. */
  endLeftovers(runs: readonly LeftRun[]): Promise<number>;
  token: TokenSource;
  clock: Clock;
  /** Gives back the memory of what is not used any more. */
  releaseMemory(): void;
  /** [0, 1): the jitter of every wait. */
  random(): number;
  emit: Emit;
  /** The calls of all bridges of this process that share a rate limit. */
  allowance: Allowance;
  /** What this process may hold open at once. */
  requests: OpenRequests;
  /** Is given a look at the watchdog: which loop of the bridge has hung, if one has. */
  onWatch?: ((overdue: () => string | undefined) => void) | undefined;
}

export interface BridgeOptions {
  workspaceId: string;
  card: AgentCard;
  /** Pause between two looks at the feed, in ms, where no event stream is relied on: see rhythm.ts. */
  intervalMs: number;
  heartbeatMs: number;
  /** Whether the workspace's event stream tells when there is something to fetch. */
  wake: "auto" | "off";
  /** How far back a first run looks, in seconds. */
  sinceSecs: number;
  /** Messages that are run at once; 1 takes them strictly one after the other. */
  concurrency: number;
  /** Runs that each peer may cause in an hour; 0 for no limit. */
  turnLimit: number;
  /** How long the backend may be unable to work before the run ends, in ms. */
  maxPausedMs: number;
  /** Wait for another bridge of this workspace to end, instead of giving up. */
  waitLock: boolean;
  /** Runs of one message before it counts as failed. */
  maxAttempts: number;
  /** How long running work may go on after the first signal, in ms. */
  graceMs: number;
  /** Ends the run when the platform has been silent for so long; undefined for never. */
  maxOfflineMs: number | undefined;
  /** Whether answers to us are shown to the backend. */
  onReply: "run" | "skip";
  /** Settle what is there, then end. */
  once: boolean;
  /** Whose messages are run; the others are refused. */
  allowFrom: AllowFrom;
  /** US dollars that a day's runs may cost, for a backend that tells its costs; undefined for no limit. */
  dailyBudgetUsd: number | undefined;
  /**
   * What is shown of work that goes on: nothing, the task on the workspace's card, or also interim text
   * to the canvas user who waits for it.
   */
  progress: "off" | "task" | "notify";
}

/** Everyone, or these peers; `canvas` for the person at the canvas. */
export interface AllowFrom {
  canvas: boolean;
  /** Peers' ids in lower case, or all of them. */
  peers: "all" | ReadonlySet<string>;
}

export const ALLOW_ALL: AllowFrom = { canvas: true, peers: "all" };
