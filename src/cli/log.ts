import { type ConsolaReporter, createConsola, LogLevels } from "consola/core";
import { messageOf } from "../shared/errors.ts";
import type { JsonObject } from "../shared/json.ts";
import type { Secrets } from "../shared/secrets.ts";
import { oneLine, printable } from "../shared/text.ts";
import { standardError } from "./standard-error.ts";

export type LogLevel = "error" | "warn" | "info" | "debug";

/**
 * What happens, told on standard error in one line each. Fields are for machines, which know a line by
 * its `event`; one that is given none is a `log`.
 */
export type Log = Record<LogLevel, (message: string, fields?: JsonObject) => void>;

export interface LogOptions {
  format: "text" | "json";
  /** Also tells debug lines. */
  verbose: boolean;
  color: boolean;
  secrets: Secrets;
  /** Wall time in milliseconds since 1970. */
  now: () => number;
  /** Takes the finished line; standard error unless a test listens. */
  write?: (line: string) => void;
}

/** Makes the log of a command, on consola's core with a reporter of our own. */
export function createLog(options: LogOptions): Log {
  const { secrets, write = standardErrorFor(options) } = options;
  const line = options.format === "json" ? jsonLine : textLine;
  const reporter: ConsolaReporter = {
    log({ type, args }) {
      const [message, fields = {}] = args as [string, JsonObject?];
      write(secrets.mask(line(type as LogLevel, message, fields, options)));
    },
  };
  const consola = createConsola({
    reporters: [reporter],
    level: options.verbose ? LogLevels.debug : LogLevels.info,
    // Each line counts, also one that says the same as the line before.
    throttle: 0,
  });
  const { error, warn, info, debug } = consola;
  // Far more of these are told than the others; where nobody hears them they should cost nothing.
  return { error, warn, info, debug: options.verbose ? debug : () => {} };
}

/** A gap in lines of JSON is told in JSON too: who reads them reads nothing else. */
function standardErrorFor(options: LogOptions): (line: string) => void {
  if (options.format === "json") {
    standardError.tellGap = ({ lines, reason }) => {
      const message = `lines of the log were dropped: ${reason}`;
      return jsonLine("warn", message, { event: "log-dropped", lines }, options);
    };
  }
  return (line) => standardError.add(line);
}

/** A line longer than this says no more to a person; the JSON form is not cut. */
const LONGEST_LINE = 4_000;

const COLORS: Record<LogLevel, string> = { error: "31", warn: "33", info: "", debug: "2" };

function textLine(
  level: LogLevel,
  message: string,
  _fields: JsonObject,
  { color, secrets, now }: LogOptions,
): string {
  // Masked before it is cut, lest half a secret remain.
  const text = oneLine(secrets.mask(message), LONGEST_LINE);
  const marked = level === "info" ? text : `${level}: ${text}`;
  const code = color ? COLORS[level] : "";
  return `${timeOfDay(now())}  ${code === "" ? marked : `\x1b[${code}m${marked}\x1b[0m`}`;
}

function jsonLine(
  level: LogLevel,
  msg: string,
  fields: JsonObject,
  { secrets, now }: LogOptions,
): string {
  const { event = "log" } = fields;
  const head = { time: new Date(now()).toISOString(), level, msg, event };
  return printable(json({ ...head, ...fields, ...head }, secrets));
}

/** JSON that never throws: a log line is no reason to fail. */
function json(value: JsonObject, secrets: Secrets): string {
  try {
    return JSON.stringify(value, (_, field: unknown) => {
      // A secret that needs escapes in JSON is found only before it gets them.
      if (typeof field === "string") return secrets.mask(field);
      if (typeof field === "bigint") return String(field);
      return field instanceof Error ? secrets.mask(messageOf(field)) : field;
    });
  } catch (error) {
    const { time, level, msg, event } = value;
    return JSON.stringify({ time, level, msg, event, fields: messageOf(error) });
  }
}

/** Local time; not by toLocaleTimeString, which costs milliseconds at its first use. */
function timeOfDay(now: number): string {
  const date = new Date(now);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}
