import type { Writer } from "./statements.ts";

/** Who commits: a holder, whose right may end, or a command from outside. */
export interface Right {
  /** Undefined for a command from outside. Throws a LeaseLost where the right has ended. */
  readonly writer: Writer | undefined;
  /** Aborts with a LeaseLost when it ends. */
  readonly lost: AbortSignal;
  /** Finds out whether it has. */
  recheck(): Promise<void>;
  /** Whether another program has changed anything since the last call. */
  takeTouch(): boolean;
}
