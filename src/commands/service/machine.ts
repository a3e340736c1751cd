/** The machine that services are installed on, as the commands see it. */
import { homedir } from "node:os";
import type { Context, Env } from "../../cli/command.ts";
import { type Clock, systemClock } from "../../shared/clock.ts";
import { realPath } from "../../shared/real-path.ts";
import { programs, type RunProgram } from "./programs.ts";

export interface Machine {
  readonly platform: NodeJS.Platform;
  /** Undefined on Windows. */
  readonly uid: number | undefined;
  /** Empty where the environment does not tell. */
  readonly user: string;
  readonly home: string;
  readonly env: Env;
  /** Absolute path of the folder that we are in. */
  readonly folder: string;
  /** This program: its path, and before a build also that of its source. */
  readonly self: readonly string[];
  /** Where the files of the system's services lie. */
  readonly units: string;
  readonly daemons: string;
  readonly run: RunProgram;
  readonly clock: Clock;
}

/** This one. */
export function thisMachine(context: Context): Machine {
  const { env } = context;
  return {
    platform: process.platform,
    uid: process.getuid?.(),
    user: env["USER"] || env["LOGNAME"] || env["USERNAME"] || "",
    home: homedir(),
    env,
    folder: process.cwd(),
    self: self(),
    units: "/etc/systemd/system",
    daemons: "/Library/LaunchDaemons",
    run: programs(context),
    clock: systemClock,
  };
}

/** The name on the PATH stays when an upgrade moves the file that it leads to. */
function self(): string[] {
  const { execPath } = process;
  if (!Bun.isStandaloneExecutable) return [execPath, Bun.main];
  const named = Bun.which("molecule");
  return [named !== null && realPath(named) === realPath(execPath) ? named : execPath];
}
