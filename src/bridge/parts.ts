/** What the bridge is made of. It is handed in from the edges: the core makes nothing of its own. */
import type { Backend } from "../backends/backend.ts";
import type { AgentCard } from "../contract/types.ts";
import type { Platform } from "../platform/platform.ts";
import type { Clock } from "../shared/clock.ts";
import type { Store } from "../store/store.ts";
import type { Emit } from "./events.ts";
import type { TokenInfo } from "./unauthorized.ts";

/** The token of the moment, and the way to a newer one. */
export interface TokenSource extends TokenInfo {
  /** It is read from a file, which may be replaced. */
  readonly mayChange: boolean;
  adopt(value: string, origin: string): void;
  /** Resolves with whether there is a token other than the refused one, waiting for it if asked. */
  renew(
    refused: string | undefined,
    clock: Clock,
    wait: boolean,
    signal?: AbortSignal,
  ): Promise<boolean>;
}

export interface BridgeParts {
  platform: Platform;
  backend: Backend;
  store: Store;
  token: TokenSource;
  clock: Clock;
  /** [0, 1): the jitter of every wait. */
  random(): number;
  emit: Emit;
}

export interface BridgeOptions {
  workspaceId: string;
  card: AgentCard;
  /** Pause between two fetches that found nothing, in ms. */
  intervalMs: number;
  heartbeatMs: number;
  /** How far back a first run looks, in seconds. */
  sinceSecs: number;
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
}
