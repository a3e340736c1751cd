/** How things are said: states, times, sizes. */
import type { PageBridge, PageWorkspace, Standing } from "../wire.ts";

/** How a workspace is there, for a person; `tone` is the colour of its dot. */
export interface Presence {
  word: string;
  tone: "good" | "warn" | "bad" | "off";
}

const PRESENCES: { [status: string]: Presence } = {
  online: { word: "online", tone: "good" },
  degraded: { word: "degraded", tone: "warn" },
  awaiting_agent: { word: "awaits its agent", tone: "off" },
  offline: { word: "offline", tone: "off" },
  failed: { word: "failed", tone: "bad" },
  paused: { word: "paused", tone: "warn" },
  provisioning: { word: "is being made", tone: "warn" },
  hibernating: { word: "goes to sleep", tone: "off" },
  hibernated: { word: "sleeps", tone: "off" },
  removed: { word: "removed", tone: "bad" },
};

/** Whether somebody is there to answer. */
export function isThere({ status }: PageWorkspace): boolean {
  return status === "online" || status === "degraded";
}

export function presenceOf({ status }: PageWorkspace): Presence {
  return PRESENCES[status] ?? { word: status, tone: "off" };
}

/** Where a message to an agent stands. */
export interface Step {
  word: string;
  tone: "quiet" | "busy" | "good" | "bad";
}

/** By the bridge's words where one of this machine knows it, else by what the platform shows. */
export function stepOf(standing: Standing | undefined, isOnline: boolean): Step {
  const runs = standing?.runs ?? 0;
  switch (standing?.state) {
    case "journal":
      if (runs === 0) return { word: "taken, waits for its turn", tone: "quiet" };
      return { word: `${count(runs, "try", "tries")} failed, is tried again`, tone: "quiet" };
    case "running":
      return { word: runs > 1 ? `running, try ${runs}` : "running", tone: "busy" };
    case "outbox":
      return { word: "answered, being delivered", tone: "busy" };
    case "settled":
      return { word: "settled", tone: "good" };
    case "dead":
      return { word: `given up: ${standing.reason ?? "for no known reason"}`, tone: "bad" };
    default:
      return { word: isOnline ? "sent" : "sent, waits for an agent", tone: "quiet" };
  }
}

const BRIDGE_STATES: { [state: string]: string } = {
  none: "none runs at the moment",
  starting: "starting",
  waiting: "waits: another bridge has the workspace",
  connected: "connected",
  troubled: "connected, with trouble",
  draining: "finishes what is in hand",
  stopped: "stopped",
  failed: "failed",
  hung: "does not react",
  unknown: "runs",
};

export function bridgeWord({ state }: PageBridge): string {
  return BRIDGE_STATES[state] ?? state;
}

const WAKES: { [wake: string]: string } = {
  healthy: "woken by the event stream",
  open: "the event stream is open",
  away: "looks by time alone",
  off: "looks by time alone",
};

/** How it hears of messages, by its own word for that. */
export function wakeWord(wake: string): string {
  return WAKES[wake] ?? wake;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });
const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

/** Milliseconds since 1970, or RFC 3339, as a time of day. */
export const clockTime = (at: number | string): string => CLOCK.format(new Date(at));
export const dayOf = (at: number | string): string => DAY.format(new Date(at));
export const wholeTime = (at: number | string): string => WHOLE.format(new Date(at));

/** "12 s", "5 min", "3 h", "2 d". */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 90) return `${seconds} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3_600) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** "312 bytes", "4.5 kB", "12 MB". */
export function sizeOf(bytes: number): string {
  if (bytes < 1_000) return `${bytes} byte${bytes === 1 ? "" : "s"}`;
  const kilo = bytes / 1_000;
  const [value, unit] = kilo < 1_000 ? [kilo, "kB"] : [kilo / 1_000, "MB"];
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** "1 message", "3 messages". */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
