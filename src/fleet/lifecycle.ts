/** How the members of a fleet fare, for whoever shows it. */
import type { ExitCode } from "../shared/errors.ts";

/** What becomes of a member. Times are milliseconds since 1970. */
export type Lifecycle =
  | { state: "starting" }
  /** It does what it is for. */
  | { state: "connected" }
  /** It ended with an error, and is started again at `retryAt`, in `inMs`. */
  | { state: "failed"; error: unknown; exitCode: ExitCode; retryAt: number; inMs: number }
  /** It is not started again: since we were told to stop, or had it no more to do, or by an error. */
  | { state: "ended"; error: unknown; exitCode: ExitCode };

/** Tells of the member of that id. Never throws. */
export type TellLifecycle = (id: string, change: Lifecycle) => void;
