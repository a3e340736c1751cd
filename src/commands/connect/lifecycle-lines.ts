/** The lines for what becomes of one workspace among several. */
import type { Log } from "../../cli/log.ts";
import { exitCodeOf } from "../../fleet/fleet.ts";
import type { Lifecycle } from "../../fleet/lifecycle.ts";
import { messageOf, MoleculeError } from "../../shared/errors.ts";
import { ms, withHint } from "./event-words.ts";

/** Tells in the workspace's own log what people have to know: how it is connected, its bridge tells. */
export function tellLifecycle(log: Log, change: Lifecycle): void {
  if (change.state === "failed") {
    const { error, inMs } = change;
    const { message, hint, fields } = failureOf(error);
    log.error(withHint(`${message}; started again in ${ms(inMs)}`, hint), {
      ...fields,
      in_ms: Math.round(inMs),
    });
    return;
  }
  if (change.state !== "ended" || change.error === undefined) return;
  const { message, hint, fields } = failureOf(change.error);
  log.error(withHint(`${message}; this workspace is not answered any more`, hint), fields);
}

/** Tells why something could not be done. */
export function tellFailure(log: Log, error: unknown): void {
  const { message, hint, fields } = failureOf(error);
  log.error(withHint(message, hint), fields);
}

function failureOf(error: unknown) {
  const isKnown = error instanceof MoleculeError;
  const message = isKnown ? error.message : `internal error: ${messageOf(error)}`;
  const hint = isKnown ? error.hint : undefined;
  const fields = { event: "failed", reason: message, hint, exit_code: exitCodeOf(error) };
  return { message, hint, fields };
}
