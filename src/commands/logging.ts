import type { Context } from "../cli/command.ts";
import { createLog, type Log } from "../cli/log.ts";
import { wantsColor } from "../cli/terminal.ts";
import { systemClock } from "../shared/clock.ts";
import { GLOBALS } from "./globals.ts";

/** The log of a command on standard error, by its global flags. */
export function logFor(context: Context, format: "text" | "json" = "text"): Log {
  return createLog({
    format,
    verbose: context.get(GLOBALS.verbose),
    color: wantsColor(context.env),
    secrets: context.io.secrets,
    now: systemClock.now,
  });
}
