/** Order for each peer, and peers side by side: lanes and worker on the real store. */
import { describe, expect, test } from "bun:test";
import type { BackendRequest, Outcome } from "../../../../src/backends/backend.ts";
import { Lanes } from "../../../../src/bridge/runs/lanes.ts";
import { backendOf, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { canvas, once, other, replies } from "../support.ts";

/** A peer of its own for each number. */
const peer = (n: number) => `44444444-4444-4444-8444-${String(n).padStart(12, "0")}`;

/** A backend whose runs end when they are told to, and which knows how many ran at once. */
function held() {
  const open = new Map<string, () => void>();
  const seen = { most: 0 };
  const backend = backendOf(async (request: BackendRequest): Promise<Outcome> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    open.set(request.text, resolve);
    seen.most = Math.max(seen.most, open.size);
    await promise;
    open.delete(request.text);
    return { kind: "answer", text: `echo: ${request.text}` };
  });
  const release = (text: string) => open.get(text)?.();
  return { backend, open, seen, release };
}

const ran = (backend: { requests: BackendRequest[] }) => backend.requests.map(({ text }) => text);

describe("messages of one peer", () => {
  test("are answered in their order, however many may run at once", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = Array.from({ length: 30 }, (_, n) => row(n));
    const backend = backendOf(async ({ text }) => {
      // The earlier ones take longer.
      for (let left = 30 - Number(text.slice(5)); left > 0; left--) await Promise.resolve();
      return { kind: "answer", text };
    });
    const { bridge } = await once(platform, { backend, options: { concurrency: 8 } });
    await using _ = bridge;
    expect(replies(platform)).toEqual(platform.rows.map((__, n) => `text ${n}`));
  });

  test("are taken by their time: one that appears late goes before those that wait", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(3), row(5)];
    const { backend, release } = held();
    await using bridge = new TestBridge(platform.url, { backend });
    await bridge.until("taken");
    const found = () => bridge.of("entered").reduce((sum, { rows }) => sum + rows, 0);
    await bridge.untilTrue(() => found() === 3);
    platform.rows = [row(1), row(2), row(3), row(5)];
    await bridge.untilTrue(() => found() === 4);
    for (const [index, text] of ["text 1", "text 2", "text 3", "text 5"].entries()) {
      await bridge.until("taken", index + 1);
      release(text);
    }
    await bridge.until("answered", 4);
    expect(ran(backend)).toEqual(["text 1", "text 2", "text 3", "text 5"]);
  });
});

describe("messages of different peers", () => {
  test("run side by side, up to --concurrency", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [1, 2, 3, 4].map((n) => row(n, { source_id: peer(n) }));
    platform.rows.push(canvas(5));
    const { backend, open, release, seen } = held();
    await using bridge = new TestBridge(platform.url, { backend, options: { concurrency: 3 } });
    await bridge.until("taken", 3);
    // All that is there was seen, and no more has begun.
    await bridge.untilTrue(() => bridge.of("entered").length === 1);
    expect(open.size).toBe(3);
    release("text 2");
    await bridge.until("taken", 4);
    for (const text of ["text 1", "text 3", "text 4"]) release(text);
    await bridge.until("taken", 5);
    release("text 5");
    await bridge.until("answered", 5);
    expect(seen.most).toBe(3);
  });

  test("with --concurrency 1 never run at once, and each is answered before the next run begins", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = Array.from({ length: 12 }, (_, n) => row(n, { source_id: peer(n % 5) }));
    const order: string[] = [];
    platform.on("a2a", ({ body }) => {
      order.push(`posted ${body.params.message.parts[0].text}`);
      return undefined;
    });
    const backend = backendOf(async ({ text }) => {
      order.push(`began ${text}`);
      await Promise.resolve();
      return { kind: "answer", text };
    });
    const { bridge } = await once(platform, { backend, options: { concurrency: 1 } });
    await using _ = bridge;
    const texts = ran(backend);
    expect(texts.length).toBe(12);
    expect(order).toEqual(texts.flatMap((text) => [`began ${text}`, `posted ${text}`]));
  });

  test("come in turn: a flood of one does not keep another's message waiting", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = Array.from({ length: 500 }, (_, n) => row(n));
    platform.rows.push(other(500));
    const gate = Promise.withResolvers<void>();
    const backend = backendOf(async (request) => {
      await gate.promise;
      return { kind: "answer", text: request.text };
    });
    await using bridge = new TestBridge(platform.url, { backend });
    const found = () => bridge.of("entered").reduce((sum, { rows }) => sum + rows, 0);
    await bridge.untilTrue(() => found() === 501, "501 rows");
    gate.resolve();
    await bridge.untilTrue(() => bridge.of("answered").some((e) => e.activityId === row(500).id));
    expect(ran(backend).indexOf("text 500")).toBeLessThanOrEqual(2);
  });

  test("go on while a lane waits for its next try: it holds no slot", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2), other(3), canvas(4)];
    let mended = false;
    const backend = backendOf(({ text }) =>
      text === "text 1" && !mended
        ? { kind: "again", reason: "exit 3", told: "it failed" }
        : { kind: "answer", text },
    );
    const clock = new ManualClock();
    await using bridge = new TestBridge(platform.url, { backend, clock, random: () => 0.9 });
    await bridge.until("answered", 2);
    expect(ran(backend)).toEqual(["text 1", "text 3", "text 4"]);
    mended = true;
    await clock.advanceUntil(() => bridge.of("answered").length === 4, 20);
    expect(ran(backend)).toEqual(["text 1", "text 3", "text 4", "text 1", "text 2"]);
  });
});

describe("lanes", () => {
  test("that are poked while they are at work are looked at once more", async () => {
    let rounds = 0;
    const gate = Promise.withResolvers<void>();
    const lanes = new Lanes(async () => {
      rounds += 1;
      await gate.promise;
    });
    for (let pokes = 0; pokes < 5; pokes++) lanes.poke("a");
    expect(lanes.working).toBe(1);
    gate.resolve();
    await lanes.untilIdle(new AbortController().signal);
    expect([rounds, lanes.working]).toEqual([2, 0]);
  });

  test("that are stopped take nothing up", () => {
    const lanes = new Lanes(() => Promise.reject(new Error("taken up")));
    lanes.stop();
    lanes.poke("a");
    expect(lanes.working).toBe(0);
  });

  test("that fail say why", async () => {
    const lanes = new Lanes(() => Promise.reject(new Error("why")));
    lanes.poke("a");
    await expect(lanes.failed).rejects.toThrow("why");
    expect(lanes.failure).toMatchObject({ message: "why" });
    await lanes.untilIdle(new AbortController().signal);
  });
});
