import { describe as group, expect, test } from "bun:test";
import type { BridgeEvent } from "../../../src/bridge/events.ts";
import { describe, logEvent } from "../../../src/commands/connect/event-lines.ts";
import type { Log, LogLevel } from "../../../src/cli/log.ts";
import type { JsonObject } from "../../../src/shared/json.ts";

const peer = "97f5ab37-19f1-4cbd-8b32-ed77571b7c92";
const activityId = "6fd88dc2-0000-4000-8000-000000000001";
const named = { activityId, to: peer };
const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const taken = {
  messageId: "m",
  from: peer,
  isReply: false,
  bytes: 1,
  delayMs: undefined,
  traceId,
};
const offline = { reason: "heartbeat: no answer within 10 s", hint: "Look.", inMs: 1500 };
const trouble = { reason: "heartbeat: no answer within 10 s", inMs: 1500 };

group("an event is told in one line", () => {
  test.each<[BridgeEvent, string]>([
    [
      {
        type: "connected",
        workspaceId: peer,
        start: "window",
        from: "2026-01-01T00:00:00.000000000Z",
      },
      "info: connected, with the messages since 2026-01-01T00:00:00Z",
    ],
    [
      { type: "connected", workspaceId: peer, start: "everything", from: "" },
      "info: connected, with all messages that the platform has",
    ],
    [
      { type: "taken", activityId, ...taken, attempt: 1, interrupted: false },
      "info: message 6fd88dc2 from 97f5ab37 (1 byte)",
    ],
    [
      { type: "taken", activityId, ...taken, attempt: 2, interrupted: true },
      "info: message 6fd88dc2 from 97f5ab37 (1 byte), try 2, after a run that was cut",
    ],
    [
      { type: "feed-failed", ...offline, failures: 1, edge: true, forMs: 0 },
      "warn: heartbeat: no answer within 10 s; again in 1.5 s. Look.",
    ],
    [
      { type: "feed-failed", ...offline, failures: 9, edge: true, forMs: 600_000 },
      "warn: still no messages after 10 min: heartbeat: no answer within 10 s; again in 1.5 s",
    ],
    [
      { type: "run-failed", activityId, from: peer, attempts: 1, reason: "exit 65" },
      "error: message 6fd88dc2 from 97f5ab37 failed after 1 try: exit 65; kept as a dead letter (molecule dead-letter)",
    ],
    [{ type: "backend-stderr", line: "at work", activityId }, "info: backend (6fd88dc2): at work"],
    [
      { type: "answered", ...named, to: "canvas", ms: 2100, kind: "answer", note: undefined },
      "info: message 6fd88dc2 from the canvas: answered in 2.1 s",
    ],
    [
      { type: "answered", ...named, ms: 80, kind: "failure", note: undefined },
      "info: message 6fd88dc2 from 97f5ab37: told that it gets no answer, after 80 ms",
    ],
    [
      { type: "heartbeat-failed", failures: 1, ...trouble },
      "warn: heartbeat: no answer within 10 s; again in 1.5 s",
    ],
    [
      { type: "token-refused", origin: "the file /t", waitMs: 60_000 },
      "warn: the platform refused the token from the file /t; waiting up to 1 min for a new one there",
    ],
    [
      { type: "token-refused", origin: "the kept file /t", waitMs: 5_000 },
      "warn: the platform refused the token from the kept file /t; waiting up to 5 s for a new one there",
    ],
    [
      { type: "answered", ...named, ms: 80, kind: "trouble", note: undefined },
      "info: message 6fd88dc2 from 97f5ab37: told that it must wait, after 80 ms",
    ],
    [
      { type: "reply-refused", ...named, kind: "answer", reason: "sending: 403 (no)" },
      "error: the answer to 97f5ab37 (message 6fd88dc2) can't be delivered: sending: 403 (no); kept as a dead letter (molecule dead-letter)",
    ],
    [
      { type: "reply-refused", ...named, kind: "trouble", reason: "sending: 403 (no)" },
      "error: the word that it must wait to 97f5ab37 (message 6fd88dc2) can't be delivered: sending: 403 (no)",
    ],
    [
      { type: "file-left-out", activityId, way: "received", file: "a.pdf", reason: "it is gone" },
      "warn: message 6fd88dc2: a.pdf was not fetched: it is gone",
    ],
    [
      { type: "file-left-out", activityId, way: "attached", file: "a.pdf", reason: "it is gone" },
      "warn: message 6fd88dc2: a.pdf was not attached: it is gone",
    ],
    [
      {
        type: "file-left-out",
        activityId,
        way: "received",
        file: "7980 more",
        files: 7980,
        reason: "more than 20 files came",
      },
      "warn: message 6fd88dc2: 7980 more were not fetched: more than 20 files came",
    ],
    [
      { type: "dead-files-removed", activityId, bytes: 1_048_576, mostBytes: 2 ** 31 },
      "warn: removed the files of dead letter 6fd88dc2 (1 MiB): those of all dead letters may take up 2048 MiB; molecule dead-letter drop makes room",
    ],
    [
      { type: "cost-assumed", activityId, usd: 0.1 },
      "info: the run of 6fd88dc2 ended without telling what it cost; it counts as $0.10 of the day's budget",
    ],
    [
      { type: "journal-full", waiting: 1, deadLetters: 2, bytes: 3 * 1_048_576 },
      "error: the journal is full (1 waiting message, 2 dead letters, 3 MiB): fetching stops until there is room; molecule dead-letter drop makes some",
    ],
    [
      { type: "taken", activityId, ...taken, fromName: "ada", attempt: 1, interrupted: false },
      "info: message 6fd88dc2 from ada (97f5ab37) (1 byte)",
    ],
    [
      { type: "answered", ...named, fromName: "ada", ms: 80, kind: "answer", note: undefined },
      "info: message 6fd88dc2 from ada (97f5ab37): answered in 80 ms",
    ],
    [
      { type: "refused", activityId, from: peer, told: true },
      "info: refused message 6fd88dc2 from 97f5ab37 (--allow-from)",
    ],
    [
      { type: "refused", activityId, from: "canvas", told: false },
      "debug: refused message 6fd88dc2 from the canvas (--allow-from)",
    ],
    [
      { type: "budget-spent", spentUsd: 5.0249, limitUsd: 5, inMs: 3_600_000 },
      "warn: the day's budget is spent: $5.02 of $5 (--daily-budget); messages wait for the next day, in 1 h",
    ],
    [
      { type: "budget-spent", spentUsd: 5, limitUsd: 5, inMs: 3_600_000, kept: false },
      "warn: the day's budget is spent: $5 of $5 (--daily-budget); messages are refused until the next day, in 1 h",
    ],
    [
      { type: "budget-renewed", limitUsd: 0.0025 },
      "info: a new day, with $0.0025 to spend: messages are answered again",
    ],
    [
      { type: "interim-failed", activityId, reason: "telling the canvas: 503" },
      "debug: what 6fd88dc2 said on the way could not be shown: telling the canvas: 503",
    ],
    [
      { type: "run-retry", activityId, attempt: 2, of: 5, counted: true, reason: "r", inMs: 1_500 },
      "warn: message 6fd88dc2: r (try 2 of 5); again in 1.5 s",
    ],
    [
      { type: "run-retry", activityId, attempt: 9, of: 5, counted: false, reason: "r", inMs: 9e4 },
      "warn: message 6fd88dc2: r (not counted); again in 1 min 30 s",
    ],
    [
      { type: "run-left", activityId, reason: "the model is overloaded" },
      "warn: message 6fd88dc2 is left for the next start: the model is overloaded",
    ],
    [
      { type: "turn-limit", from: peer, limit: 60, inMs: 90_000 },
      "warn: 97f5ab37 has caused 60 runs within an hour (--turn-limit); its messages wait for 1 min 30 s",
    ],
    [
      { type: "backend-paused", reason: "not logged in", hint: "Log in.", forMs: 3_600_000 },
      "error: the backend can't work: not logged in; messages are kept and tried again every minute, and the bridge ends after 1 h (--max-paused). Log in.",
    ],
    [
      { type: "backend-paused", reason: "r", hint: "h", forMs: 9e6, inMs: 5.4e6, kept: false },
      "error: the backend can't work: r; messages are refused and it is looked at again in 1 h 30 min, then every minute, and the bridge ends after 2 h 30 min (--max-paused). h",
    ],
    [
      { type: "recovered", runs: 1, processes: 0 },
      "warn: the last bridge died in the middle of 1 run; ended 0 processes that it left, and running the message again",
    ],
    [
      { type: "lock-waiting", holder: { pid: 7, host: "here", since: "2026-01-01T00:00:00Z" } },
      "info: another bridge has this workspace (process 7 on here); waiting for its end",
    ],
    [
      {
        type: "lock-waiting",
        holder: { pid: 7, host: "there", since: "2026-01-01T00:00:00Z" },
        shared: true,
      },
      "info: standing by: process 7 on there serves this workspace",
    ],
    [
      { type: "lock-waiting", holder: undefined, shared: true },
      "info: standing by: no process serves this workspace yet",
    ],
    [
      { type: "store-away", reason: "no answer within 2 s", hint: "See to it." },
      "warn: the shared store is away: no answer within 2 s; work in hand is kept, and nothing new is taken. See to it.",
    ],
    [{ type: "store-back", afterMs: 3_000 }, "info: the shared store is back after 3 s"],
    [
      { type: "lease-lost", reason: "another process has taken this workspace over: why" },
      "warn: another process has taken this workspace over: why; what was in hand here was ended, and is done there",
    ],
    [
      { type: "stopped", settled: 1, dead: 2, waiting: 3, replies: 1, openReplies: 1 },
      "info: stopped: 3 messages finished, 2 of them given up (molecule dead-letter), 3 messages to be taken up by the next start, 1 answer to be posted by the next start, 1 answer still being taken by its peer",
    ],
    [
      { type: "stopped", settled: 1, dead: 0, waiting: 0, replies: 0, openReplies: 0 },
      "info: stopped: 1 message finished",
    ],
  ])("%j", (event, line) => {
    expect(describe(event)?.join(": ")).toBe(line);
  });
});

test("repeats of a trouble, and the platform's own bookkeeping, are for --verbose", () => {
  const level = (event: BridgeEvent) => describe(event)?.[0];
  expect(level({ type: "heartbeat-failed", failures: 2, ...trouble })).toBe("debug");
  expect(level({ type: "skipped", activityId, reason: "x", routine: true })).toBe("debug");
  expect(level({ type: "skipped", activityId, reason: "x", routine: false })).toBe("info");
});

test("what happens all day, or is told elsewhere, has no line", () => {
  const { log, told } = heard();
  logEvent(log, { type: "beat", ms: 1 });
  logEvent(log, { type: "looked", why: "time", rows: 0, found: 0, ms: 1 });
  logEvent(log, { type: "ran", activityId, ms: 1, outcome: "answer" });
  expect(told).toEqual([]);
});

test("the fields of an event go along, in whole milliseconds and hundredths of a cent", () => {
  const { log, told } = heard();
  const own = { activity_id: activityId, trace_id: "6fd88dc2000040008000000000000001" };
  logEvent(log, { type: "noted", activityId, from: peer, ms: 2.0741 });
  logEvent(log, { type: "budget-spent", spentUsd: 5.02494, limitUsd: 0.5, inMs: 1.5 });
  logEvent(log, { type: "cost-assumed", activityId, usd: 0.12345 });
  expect(told.map(({ fields }) => fields)).toEqual([
    { event: "noted", ...own, from: peer, duration_ms: 2 },
    { event: "budget-spent", spent_usd: 5.0249, limit_usd: 0.5, in_ms: 2 },
    { event: "cost-assumed", ...own, cost_usd: 0.1235 },
  ]);
});

group("the trace of a line is", () => {
  const traces = (events: BridgeEvent[]) => {
    const { log, told } = heard();
    for (const event of events) logEvent(log, event);
    return told.map(({ fields }) => fields?.["trace_id"]);
  };
  const own = "6fd88dc2000040008000000000000001";
  const theirs: BridgeEvent = {
    type: "taken",
    activityId,
    ...taken,
    attempt: 1,
    interrupted: false,
  };

  test("that of its message, also where only the activity is known", () => {
    expect(
      traces([
        { type: "skipped", activityId, reason: "x", routine: false },
        { ...theirs, traceId: own },
        { type: "backend-stderr", line: "x", activityId },
        { type: "backend-note", text: "x", activityId },
      ]),
    ).toEqual([own, own, own, own]);
  });

  test("the one that its sender named, once the message was taken", () => {
    expect(
      traces([
        theirs,
        { type: "backend-stderr", line: "x", activityId },
        { type: "answered", ...named, ms: 80, kind: "answer", note: undefined },
        { type: "backend-stderr", line: "x", activityId: `${activityId.slice(0, -1)}2` },
      ]),
    ).toEqual([traceId, traceId, traceId, `${own.slice(0, -1)}2`]);
  });

  test("none, where it is about no message", () => {
    expect(
      traces([
        { type: "backend-stderr", line: "x", activityId: undefined },
        { type: "fetched", rows: 1 },
      ]),
    ).toEqual([undefined, undefined]);
  });
});

group("of the event stream is told", () => {
  const away = (reason: string): BridgeEvent => ({
    type: "wake",
    state: "away",
    reason,
    inMs: 2_000,
  });
  const is = (state: "open" | "healthy"): BridgeEvent => ({
    type: "wake",
    state,
    reason: undefined,
    inMs: undefined,
  });
  const lines = (...events: BridgeEvent[]) => {
    const { log, told } = heard();
    for (const event of events) logEvent(log, event);
    return told.map(({ level, message }) => `${level}: ${message}`);
  };
  const gone = (why: string) =>
    `the event stream is away (${why}); looking for messages meanwhile, and trying it again in 2 s`;

  test("its first proof, its loss and its return; what comes between and again is for --verbose", () => {
    expect(
      lines(
        is("open"),
        is("healthy"),
        is("open"),
        is("healthy"),
        away("the event stream: 502"),
        is("open"),
        away("the platform ended it"),
        is("healthy"),
        away("x"),
      ),
    ).toEqual([
      "debug: the event stream is open",
      "info: woken by the event stream",
      "debug: the event stream is open",
      "debug: woken by the event stream",
      `warn: ${gone("502")}`,
      "debug: the event stream is open",
      `debug: ${gone("the platform ended it")}`,
      "info: woken by the event stream",
      `warn: ${gone("x")}`,
    ]);
  });

  test("that there is none, once; and nothing aloud where nobody wants it", () => {
    const off = (reason: string | undefined): BridgeEvent => ({
      type: "wake",
      state: "off",
      reason,
      inMs: reason === undefined ? undefined : 1_800_000,
    });
    const none =
      "no event stream (404, not found); looking for messages instead, and trying it again in 30 min";
    const reason = "the event stream: 404, not found";
    expect(lines(off(reason), off(reason))).toEqual([`info: ${none}`, `debug: ${none}`]);
    expect(lines(off(undefined))).toEqual(["debug: no event stream; looking for messages instead"]);
  });

  test("what it missed, after which its next proof is news", () => {
    expect(lines(is("healthy"), { type: "wake-missed", forMs: 600_000 }, is("healthy"))).toEqual([
      "info: woken by the event stream",
      "warn: messages came that the event stream had not told of; it is not relied on for 10 min",
      "info: woken by the event stream",
    ]);
  });

  test("what goes on beside it: a new token, and a rate limit that leaves few looks", () => {
    const origin = "--token-file /etc/token";
    expect(
      lines(
        { type: "credentials-rotated", origin, awaited: true },
        { type: "credentials-rotated", origin, awaited: false },
        { type: "rate-shared", idleMs: 20_000 },
      ),
    ).toEqual([
      `info: the platform is replacing the token; a new one is awaited from ${origin}`,
      `warn: the platform is replacing the token from ${origin}; only a new start can take another one`,
      "info: the platform's rate limit leaves a look for messages every 20 s, unless the event stream asks for one",
    ]);
  });
});

interface Line {
  level: LogLevel;
  message: string;
  fields: JsonObject | undefined;
}

function heard() {
  const told: Line[] = [];
  const teller = (level: LogLevel) => (message: string, fields?: JsonObject) =>
    void told.push({ level, message, fields });
  const log: Log = {
    error: teller("error"),
    warn: teller("warn"),
    info: teller("info"),
    debug: teller("debug"),
  };
  return { log, told };
}
