/**
 * The names of the fields in the JSON log. They are a promise (README, "The JSON log"): new ones may
 * come, none changes its meaning, and one thing has one name in all lines.
 */
import type { BridgeEvent } from "../../bridge/events.ts";
import type { JsonObject } from "../../shared/json.ts";

/** Events that have a line. The others happen all day, or what comes of them is told elsewhere. */
export type ToldEvent = Exclude<BridgeEvent, { type: "beat" | "looked" | "ran" }>;

type KeysOf<E> = E extends unknown ? Exclude<keyof E, "type"> : never;

/** Each field of an event, by its name in the log. Names that end in `_ms` are milliseconds, in `_usd` US dollars. */
export const LOG_FIELDS = {
  // What the line speaks of.
  workspaceId: "workspace_id",
  activityId: "activity_id",
  messageId: "message_id",
  traceId: "trace_id",
  from: "from",
  to: "to",
  fromName: "peer_name",
  isReply: "is_reply",
  kind: "reply_kind",
  // Why, and what to do.
  reason: "reason",
  hint: "hint",
  note: "note",
  text: "note",
  line: "line",
  status: "status",
  // Tries.
  attempt: "attempt",
  of: "max_attempts",
  attempts: "attempts",
  counted: "counted",
  interrupted: "interrupted",
  failures: "failures",
  edge: "edge",
  // Times: how long it took, since when, until when.
  ms: "duration_ms",
  delayMs: "delay_ms",
  afterMs: "after_ms",
  asleepMs: "asleep_ms",
  forMs: "for_ms",
  inMs: "in_ms",
  waitMs: "wait_ms",
  idleMs: "every_ms",
  graceMs: "grace_ms",
  // Sizes and numbers.
  bytes: "bytes",
  mostBytes: "max_bytes",
  limit: "turn_limit",
  usd: "cost_usd",
  spentUsd: "spent_usd",
  limitUsd: "limit_usd",
  rows: "rows",
  messages: "messages",
  runs: "runs",
  processes: "processes",
  shared: "shared",
  count: "count",
  files: "files",
  waiting: "waiting",
  running: "running",
  deadLetters: "dead_letters",
  settled: "settled",
  dead: "dead",
  replies: "replies",
  openReplies: "open_replies",
  // What it was like.
  start: "start",
  state: "wake_state",
  cursor: "cursor",
  id: "cursor",
  address: "address",
  origin: "token_from",
  awaited: "awaited",
  holder: "holder",
  kept: "kept",
  told: "told",
  routine: "routine",
  delivered: "delivered",
  way: "way",
  file: "file",
} as const satisfies Record<KeysOf<ToldEvent>, string>;

/** Fields whose name would say something else in these events than in all others. */
const OWN_NAMES: { readonly [T in BridgeEvent["type"]]?: { readonly [key: string]: string } } = {
  connected: { from: "start_at" },
  "page-shrunk": { limit: "page_limit" },
  "push-repeat": { running: "still_running" },
};

/** All names that a line of an event may have. */
export const LOG_FIELD_NAMES: ReadonlySet<string> = new Set([
  "event",
  ...Object.values(LOG_FIELDS),
  ...Object.values(OWN_NAMES).flatMap((names) => Object.values(names)),
]);

/**
 * An event as the fields of its line. Milliseconds are precise enough; of dollars, hundredths of a cent.
 */
export function fieldsOf(event: BridgeEvent): JsonObject {
  const { type, ...rest } = event;
  const own = OWN_NAMES[type] ?? {};
  const fields: JsonObject = { event: type };
  for (const [key, value] of Object.entries(rest)) {
    const name = own[key] ?? LOG_FIELDS[key as keyof typeof LOG_FIELDS];
    fields[name] = typeof value === "number" ? rounded(name, value) : value;
  }
  return fields;
}

function rounded(name: string, value: number): number {
  const steps = name.endsWith("_usd") ? 10_000 : 1;
  return Math.round(value * steps) / steps;
}
