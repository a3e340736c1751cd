import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { BridgeEvent } from "../../../src/bridge/events.ts";
import { logEvent } from "../../../src/commands/connect/event-lines.ts";
import {
  LOG_FIELD_NAMES,
  LOG_FIELDS,
  type ToldEvent,
} from "../../../src/commands/connect/log-fields.ts";
import type { JsonObject } from "../../../src/shared/json.ts";

const EVENTS = resolve(import.meta.dir, "..", "..", "..", "src", "bridge", "events.ts");

/** An event with all that it may hold, save for its peer's name. */
type Whole<T> = Omit<
  {
    [K in keyof Extract<BridgeEvent, { type: T }>]-?: Exclude<
      Extract<BridgeEvent, { type: T }>[K],
      undefined
    >;
  },
  "type" | "fromName"
>;

const activityId = "6fd88dc2-0000-4000-8000-000000000001";
const reason = "r";
const retry = { failures: 1, reason, inMs: 1 };
const back = { failures: 1, afterMs: 1 };

/** One of each kind: the compiler sees to it that none is missing, and no field of one. */
const SAMPLES: { [T in ToldEvent["type"]]: Whole<T> } = {
  "lock-waiting": { holder: { pid: 1, host: "h", since: "s" }, shared: true },
  "store-away": { reason, hint: "h" },
  "store-back": { afterMs: 1 },
  "store-deaf": { reason },
  "lease-lost": { reason },
  "handed-over": {},
  recovered: { runs: 1, processes: 1, kept: true },
  "handled-elsewhere": { cursor: "c", messages: 1 },
  "register-retry": { attempt: 1, of: 2, reason, inMs: 1 },
  "token-issued": { kept: true, reason },
  "token-refused": { origin: "o", waitMs: 1 },
  "token-changed": { origin: "o" },
  connected: { workspaceId: "w", start: "cursor", from: "f" },
  "push-listening": { address: "a" },
  "push-doubt": { reason },
  "push-reached": { address: "a" },
  "push-secured": {},
  "push-refused": { count: 1, status: 401, reason },
  "push-repeat": { activityId, running: true },
  "push-left": { waiting: 1 },
  "heartbeat-failed": retry,
  "heartbeat-recovered": back,
  "heartbeat-ended": { reason, hint: "h" },
  "feed-failed": { ...retry, edge: true, forMs: 1, hint: "h" },
  "feed-recovered": back,
  "cursor-gone": { cursor: "c" },
  "page-shrunk": { limit: 1, reason },
  "row-unreadable": { reason },
  wake: { state: "away", reason, inMs: 1 },
  "credentials-rotated": { origin: "o", awaited: true },
  "rate-shared": { idleMs: 1 },
  "wake-missed": { forMs: 1 },
  fetched: { rows: 1 },
  entered: { rows: 1 },
  "journal-full": { waiting: 1, deadLetters: 1, bytes: 1 },
  "journal-room": { afterMs: 1 },
  "id-reused": { activityId, from: "f" },
  "turn-limit": { from: "f", limit: 1, inMs: 1 },
  refused: { activityId, from: "f", told: true },
  "budget-spent": { spentUsd: 1, limitUsd: 1, inMs: 1, kept: true },
  "budget-renewed": { limitUsd: 1 },
  "cost-assumed": { activityId, usd: 1 },
  "interim-failed": { activityId, reason },
  "backend-paused": { reason, hint: "h", forMs: 1, inMs: 1, kept: true },
  "backend-still-paused": { reason },
  "backend-resumed": {},
  skipped: { activityId, reason, routine: true },
  taken: {
    activityId,
    messageId: "m",
    from: "f",
    isReply: false,
    bytes: 1,
    attempt: 1,
    interrupted: false,
    delayMs: 1,
    traceId: "t",
  },
  "run-retry": { activityId, attempt: 1, of: 2, counted: true, reason, inMs: 1 },
  "run-left": { activityId, reason },
  "run-failed": { activityId, from: "f", attempts: 1, reason, kept: true },
  declined: { activityId, from: "f", reason },
  noted: { activityId, from: "f", ms: 1 },
  "reply-kept": { activityId, kind: "answer" },
  "file-left-out": { activityId, way: "received", file: "f", files: 1, reason },
  "dead-files-removed": { activityId, bytes: 1, mostBytes: 1 },
  answered: { activityId, to: "t", ms: 1, kind: "answer", note: "n" },
  "reply-retry": { ...retry, activityId, to: "t" },
  "reply-refused": { activityId, to: "t", kind: "answer", reason },
  "reply-handed-over": { activityId, to: "t", afterMs: 1 },
  "reply-late": { activityId, to: "t", delivered: true, reason },
  "save-failed": { reason, hint: "h", inMs: 1 },
  "save-recovered": { failures: 1 },
  "upkeep-failed": { reason },
  "backend-note": { text: "t", activityId },
  "backend-stderr": { line: "l", activityId },
  woke: { asleepMs: 1 },
  draining: { running: 1, graceMs: 1 },
  "cursor-saved": { id: "i" },
  stopped: { settled: 1, dead: 1, waiting: 1, replies: 1, openReplies: 1 },
};

const UNTOLD = ["beat", "looked", "ran"];

const samples = Object.entries(SAMPLES).map(
  ([type, fields]) => ({ type, ...fields, fromName: "ada" }) as BridgeEvent,
);

/** The fields of an event's line. */
function toldOf(event: BridgeEvent): JsonObject {
  let told: JsonObject = {};
  const tell = (_: string, fields: JsonObject = {}) => void (told = fields);
  logEvent({ error: tell, warn: tell, info: tell, debug: tell }, event);
  return told;
}

describe("each field of an event has its name in the log", () => {
  test.each(samples)("$type", (event) => {
    const told = toldOf(event);
    const { type, ...fields } = event;
    expect(told["event"]).toBe(type);
    const added = "activityId" in event && type !== "taken" ? ["trace_id"] : [];
    // Each once: no two of an event have one name.
    expect(Object.keys(told)).toHaveLength(1 + Object.keys(fields).length + added.length);
    for (const name of Object.keys(told)) {
      expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(LOG_FIELD_NAMES).toContain(name);
    }
  });
});

test("a name is of one type in all lines", () => {
  const types = new Map<string, Set<string>>();
  for (const [name, value] of samples.flatMap((event) => Object.entries(toldOf(event)))) {
    types.set(name, (types.get(name) ?? new Set()).add(typeof value));
  }
  expect([...types].filter(([, { size }]) => size > 1)).toEqual([]);
});

test("no event, and no field of one, is missing here or in the table", () => {
  const source = readFileSync(EVENTS, "utf8")
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^.*?\ntype Told =/s, "")
    .replace(/\nexport [\s\S]*$/, "");
  const types = [...source.matchAll(/\btype: "([\w-]+)"/g)].map(([, type = ""]) => type);
  expect(types.sort()).toEqual([...Object.keys(SAMPLES), ...UNTOLD].sort());
  const told = source.replace(new RegExp(`\\{ type: "(${UNTOLD.join("|")})".*`, "g"), "");
  const keys = new Set([...told.matchAll(/\b(\w+)\??: /g)].map(([, key = ""]) => key));
  keys.delete("type");
  expect([...keys].filter((key) => !Object.hasOwn(LOG_FIELDS, key))).toEqual([]);
});

test("times are in milliseconds and money in US dollars, and their names say so", () => {
  for (const [key, name] of Object.entries(LOG_FIELDS)) {
    if (/ms$/i.test(key)) expect(name).toEndWith("_ms");
    if (/usd$/i.test(key)) expect(name).toEndWith("_usd");
  }
});
