import { describe as group, expect, test } from "bun:test";
import type { BridgeEvent } from "../../../src/bridge/events.ts";
import { describe, logEvent } from "../../../src/commands/event-lines.ts";
import type { JsonObject } from "../../../src/shared/json.ts";

const peer = "97f5ab37-19f1-4cbd-8b32-ed77571b7c92";
const activityId = "6fd88dc2-0000-4000-8000-000000000001";
const named = { activityId, to: peer };
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
      { type: "taken", activityId, messageId: "m", from: peer, isReply: false, bytes: 1 },
      "info: message 6fd88dc2 from 97f5ab37 (1 byte)",
    ],
    [
      { type: "answered", ...named, to: "canvas", ms: 2100, failure: false, note: undefined },
      "info: answered the canvas (6fd88dc2) in 2.1 s",
    ],
    [
      { type: "answered", ...named, ms: 80, failure: true, note: undefined },
      "info: told 97f5ab37 (6fd88dc2) that it failed, in 80 ms",
    ],
    [
      { type: "heartbeat-failed", failures: 1, ...trouble },
      "warn: heartbeat: no answer within 10 s; again in 1.5 s",
    ],
    [
      { type: "token-refused", origin: "the file /t" },
      "warn: the platform refused the token from the file /t; waiting up to a minute for a new one there",
    ],
    [
      { type: "stopped", settled: 1, unsettled: 2, openReplies: 3 },
      "info: stopped: 1 message finished, 2 not finished, to be delivered again, 3 answers still being taken by their peers",
    ],
  ])("%j", (event, line) => {
    expect(describe(event).join(": ")).toBe(line);
  });
});

test("repeats of a trouble, and the platform's own bookkeeping, are for --verbose", () => {
  expect(describe({ type: "heartbeat-failed", failures: 2, ...trouble })[0]).toBe("debug");
  expect(describe({ type: "skipped", activityId, reason: "x", routine: true })[0]).toBe("debug");
  expect(describe({ type: "skipped", activityId, reason: "x", routine: false })[0]).toBe("info");
});

test("the fields of an event go along, in whole milliseconds", () => {
  const told: [string, JsonObject | undefined][] = [];
  const tell = (message: string, fields?: JsonObject) => void told.push([message, fields]);
  logEvent(
    { error: tell, warn: tell, info: tell, debug: tell },
    { type: "noted", activityId, from: peer, ms: 2.0741 },
  );
  expect(told[0]?.[1]).toEqual({ event: "noted", activityId, from: peer, ms: 2 });
});
