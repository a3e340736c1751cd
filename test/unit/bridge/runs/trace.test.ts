import { describe, expect, test } from "bun:test";
import type { Outcome } from "../../../../src/backends/backend.ts";
import { runTrace } from "../../../../src/bridge/runs/trace.ts";
import { parseTraceparent, traceOfActivity } from "../../../../src/shared/trace-context.ts";
import { backendOf, changed } from "../../../harness/bridge.ts";
import { row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { canvas, FRESH, once } from "../support.ts";

const THEIRS = "4bf92f3577b34da6a3ce929d0e0e4736";
const SENT = `00-${THEIRS}-00f067aa0ba902b7-00`;
const AGAIN: Outcome = { kind: "again", reason: "exit 3", told: "the program failed" };

/** A row whose sender says this of its trace, in the message or beside it. */
function traced(n: number, inMessage: unknown, beside?: unknown) {
  const raw = row(n);
  const { params } = raw.request_body as any;
  if (inMessage !== undefined) params.message.metadata = { traceparent: inMessage };
  if (beside !== undefined) params.metadata = { traceparent: beside };
  return raw;
}

const idOf = (traceparent: string) => parseTraceparent(traceparent)?.id;

describe("a run belongs to", () => {
  test.each<[string, ReturnType<typeof row>, string]>([
    ["the trace that its sender named", traced(1, SENT), THEIRS],
    ["the one that was named beside the message", traced(1, undefined, SENT), THEIRS],
    ["the valid one of two", traced(1, "00-no", SENT), THEIRS],
    ["its activity's, where none was named", row(1), traceOfActivity(row(1).id).id],
    [
      "its activity's, where what was named is none",
      traced(1, SENT.toUpperCase()),
      traceOfActivity(row(1).id).id,
    ],
  ])("%s: backend, event and answer agree", async (_, raw, id) => {
    await using platform = new ScriptedPlatform();
    platform.rows = [raw];
    const backend = backendOf();
    const { bridge } = await once(platform, { backend });
    await using _bridge = bridge;
    const handed = backend.requests[0]?.traceparent ?? "";
    expect(idOf(handed)).toBe(id);
    expect(handed).not.toBe(SENT);
    expect(bridge.of("taken")).toMatchObject([{ traceId: id }]);
    const { metadata } = platform.calls("a2a")[0]?.body.params.message;
    expect(metadata.traceparent).toBe(handed);
    expect(metadata.molecule_reply.activity_id).toBe(raw.id);
  });

  test("a trace that is not recorded, where its sender says so", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [traced(1, SENT), row(2)];
    const backend = backendOf();
    await using _ = (await once(platform, { backend })).bridge;
    expect(backend.requests.map(({ traceparent }) => traceparent.slice(-2))).toEqual(["00", "01"]);
  });
});

describe("the span", () => {
  test("is another one for each try, of the same trace", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const backend = backendOf((r) => (r.attempt < 3 ? AGAIN : { kind: "answer", text: "ok" }));
    await using _ = (await once(platform, { backend })).bridge;
    const handed = backend.requests.map(({ traceparent }) => traceparent);
    expect(new Set(handed).size).toBe(3);
    expect(new Set(handed.map(idOf)).size).toBe(1);
    const { metadata } = platform.calls("a2a")[0]?.body.params.message;
    expect(metadata.traceparent).toBe(handed[2]);
  });

  test("follows from what the journal keeps: tries, crashes and revivals", () => {
    const message = { activityId: row(1).id };
    const head = { ...FRESH, attempts: 1 };
    const of = (change: Partial<typeof head>) => runTrace(message, { ...head, ...change });
    expect(of({})).toEqual(of({}));
    expect(of({}).attempt).toBe(2);
    expect(of({ attempts: 0, crashes: 1 })).toEqual(of({}));
    expect(of({ crashes: 1 }).traceparent).not.toBe(of({}).traceparent);
    expect(of({ generation: 1 }).traceparent).not.toBe(of({}).traceparent);
  });
});

describe("what is told of a run", () => {
  test("is how long its row waited by the platform's clock, which is never less than nothing", async () => {
    await using platform = new ScriptedPlatform();
    const [early, late] = [row(1), canvas(2)];
    platform.rows = [early, late];
    const writtenAt = Date.parse(early.created_at);
    const { bridge } = await once(platform, {
      platform: (client) => changed(client, { serverNow: () => writtenAt + 250 }),
      // The window begins by that clock, too.
      options: { sinceSecs: 86_400 },
    });
    await using _ = bridge;
    expect(bridge.of("taken").map(({ delayMs }) => delayMs)).toEqual([250, 0]);
  });

  test("is that it ended, and how; once for each try", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const backend = backendOf((r) => (r.attempt < 2 ? AGAIN : { kind: "answer", text: "ok" }));
    const { bridge } = await once(platform, { backend });
    await using _ = bridge;
    expect(bridge.of("ran").map(({ activityId, outcome }) => [activityId, outcome])).toEqual([
      [row(1).id, "again"],
      [row(1).id, "answer"],
    ]);
    expect(bridge.of("ran").every(({ ms }) => ms >= 0)).toBe(true);
    const types = bridge.events.map(({ type }) => type);
    expect(types.indexOf("ran")).toBeGreaterThan(types.indexOf("taken"));
    expect(types.lastIndexOf("ran")).toBeLessThan(types.indexOf("answered"));
  });
});
