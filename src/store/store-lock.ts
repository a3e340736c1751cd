/** Who may work for a workspace (see store.ts). */

/** Who holds a workspace. */
export interface Holder {
  pid: number;
  host: string;
  /** RFC 3339. */
  since: string;
}

/**
 * The right to work for a workspace, which one process has at a time. Its signals are of the holding that
 * began with the last successful {@link take}.
 */
export interface StoreLock {
  /** It is shared between machines, and to wait for it is what a process is there for. */
  readonly isShared: boolean;
  /**
   * Takes the workspace for this process, or says who has it, as far as that is known. Never waits for him, and
   * for a store that is away until `stop` aborts: then the store is to be closed.
   */
  take(stop?: AbortSignal): Promise<"taken" | { heldBy: Holder | undefined }>;
  /** After a {@link take} in vain: resolves when another may do better, or the signal aborts. */
  untilFree(signal: AbortSignal): Promise<void>;
  /** Aborts, with a LeaseLost, when another process has it. A lock of the system's is never lost. */
  readonly lost: AbortSignal;
  /** Aborts when another process should have it: what is in hand is to be finished, and the store closed. */
  readonly handOver: AbortSignal;
  /**
   * Resolves once it is sure that we hold it at this moment, or the signal aborts. To be asked right before
   * anything is done that can't be undone. Rejects with a LeaseLost.
   */
  sure(signal: AbortSignal): Promise<void>;
}
