/** The log of one workspace: each line says which one it speaks of. */
import type { Log, LogLevel } from "../../cli/log.ts";

export interface Spoken {
  readonly workspaceId: string;
  /** Stands in front of each line for people; undefined where there is no other workspace. */
  readonly name: string | undefined;
}

/** The log, with the workspace's id among the fields of each line. Each run of a bridge takes a new one. */
export function memberLog(log: Log, { workspaceId, name }: Spoken): Log {
  const at =
    (level: LogLevel): Log[LogLevel] =>
    (message, fields) =>
      log[level](name === undefined ? message : `${name}: ${message}`, {
        workspace_id: workspaceId,
        ...fields,
      });
  return { error: at("error"), warn: at("warn"), info: at("info"), debug: at("debug") };
}
