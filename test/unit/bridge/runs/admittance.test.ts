/** Who may ask (`--allow-from`). */
import { describe, expect, test } from "bun:test";
import { Admittance, mayAsk } from "../../../../src/bridge/runs/admittance.ts";
import type { BridgeEvent } from "../../../../src/bridge/events.ts";
import { ALLOW_ALL, type AllowFrom } from "../../../../src/bridge/parts.ts";
import { backendOf, changed, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { saying } from "../../../harness/peers.ts";
import { PEER, row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { canvas, deadLetters, notices, once, OTHER, other, replies } from "../support.ts";

const HOUR_MS = 3_600_000;
const REFUSAL = "I don't take messages from you.";
const NOBODY: AllowFrom = { canvas: false, peers: new Set() };
const ONLY_OTHER: AllowFrom = { canvas: false, peers: new Set([OTHER]) };
const head = { id: "a", isReply: false };

function admittanceOf(allow: AllowFrom) {
  const clock = new ManualClock();
  const events: BridgeEvent[] = [];
  const admittance = new Admittance({ clock, emit: (event) => void events.push(event) }, allow);
  return { clock, events, admittance };
}

describe("of --allow-from", () => {
  test("each word stands for its own", () => {
    expect(mayAsk(ALLOW_ALL, "")).toBe(true);
    expect(mayAsk(ALLOW_ALL, PEER)).toBe(true);
    expect(mayAsk({ canvas: true, peers: new Set() }, "")).toBe(true);
    expect(mayAsk({ canvas: true, peers: new Set() }, PEER)).toBe(false);
    expect(mayAsk({ canvas: false, peers: "all" }, "")).toBe(false);
    expect(mayAsk({ canvas: false, peers: "all" }, PEER)).toBe(true);
  });

  test("an id is the same in whatever case the platform writes it", () => {
    const id = "abcdefab-0000-4000-8000-000000000001";
    const allow = { canvas: false, peers: new Set([id]) };
    expect(mayAsk(allow, id.toUpperCase())).toBe(true);
  });

  test("who is not named by the platform may ask only where everyone may", () => {
    expect(mayAsk(ALLOW_ALL, "", true)).toBe(true);
    expect(mayAsk({ canvas: true, peers: new Set([PEER]) }, "", true)).toBe(false);
    expect(mayAsk({ canvas: false, peers: "all" }, "", true)).toBe(false);
  });
});

describe("the refusal", () => {
  test("is told to a peer once an hour, and every time to the operator", async () => {
    const { clock, events, admittance } = admittanceOf(NOBODY);
    expect(admittance.refuse(PEER, head)).toBe("tell");
    await clock.advance(HOUR_MS - 1);
    expect(admittance.refuse(PEER, head)).toBe("silent");
    expect(admittance.refuse(OTHER, head)).toBe("tell");
    await clock.advance(1);
    expect(admittance.refuse(PEER, head)).toBe("tell");
    expect(events).toMatchObject([
      { type: "refused", from: PEER, told: true },
      { from: PEER, told: false },
      { from: OTHER, told: true },
      { from: PEER, told: true },
    ]);
  });

  test("is told to the canvas each time, since it waits for a word", () => {
    const { admittance } = admittanceOf({ canvas: false, peers: "all" });
    expect([admittance.refuse("", head), admittance.refuse("", head)]).toEqual(["tell", "tell"]);
  });

  test("is never told to an answer to us, and takes nothing from the hour", () => {
    const { admittance } = admittanceOf(NOBODY);
    expect(admittance.refuse(PEER, { id: "a", isReply: true })).toBe("silent");
    expect(admittance.refuse(PEER, head)).toBe("tell");
  });

  test("of ten thousand peers is remembered, and no more", () => {
    const { admittance } = admittanceOf(NOBODY);
    for (let n = 0; n <= 10_000; n++) admittance.refuse(`peer-${n}`, head);
    expect(admittance.refuse("peer-10000", head)).toBe("silent");
    expect(admittance.refuse("peer-0", head)).toBe("tell");
  });
});

describe("a message whose sender may not ask", () => {
  test("is not run, is no dead letter, and is settled; the others go on", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1), row(2), canvas(3), canvas(4), other(5)];
    const backend = backendOf();
    const { bridge } = await once(platform, { backend, options: { allowFrom: ONLY_OTHER } });
    await using _ = bridge;
    expect(backend.requests.map(({ text }) => text)).toEqual(["text 5"]);
    expect(replies(platform).toSorted()).toEqual([REFUSAL, "echo: text 5"]);
    expect(notices(platform)).toEqual([REFUSAL, REFUSAL]);
    expect(bridge.of("refused").length).toBe(4);
    expect(bridge.of("stopped")).toMatchObject([{ settled: 5, dead: 0, waiting: 0 }]);
    expect(await deadLetters(bridge.stateDir)).toEqual([]);
    expect(await bridge.stateFile()).toMatchObject({ last_since_id: other(5).id });
  });

  test("is answered with a mark by which no agent answers it in turn", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const { bridge } = await once(platform, { options: { allowFrom: NOBODY } });
    await using _ = bridge;
    expect(platform.calls("a2a")[0]?.body.params.message.metadata).toMatchObject({
      molecule_reply: { to: "msg-1", failed: true },
    });
  });

  test("and which is an answer to us is passed over without a word", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1, saying({ role: "agent", messageId: "r" }))];
    const backend = backendOf();
    const { bridge } = await once(platform, { backend, options: { allowFrom: NOBODY } });
    await using _ = bridge;
    expect([backend.requests.length, platform.calls("a2a").length]).toEqual([0, 0]);
    expect(bridge.of("refused")).toMatchObject([{ told: false }]);
  });

  test("does not wait for a turn, the backend or a slot, and is not loaded to be passed over", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [other(1)];
    const loaded: string[] = [];
    const run = Promise.withResolvers<void>();
    const backend = backendOf(async () => {
      await run.promise;
      return { kind: "answer", text: "ok" };
    });
    await using bridge = new TestBridge(platform.url, {
      backend,
      options: { allowFrom: ONLY_OTHER, turnLimit: 1, concurrency: 1 },
      store: (store) =>
        changed(store, {
          journal: changed(store.journal, {
            row: (id) => {
              loaded.push(id);
              return store.journal.row(id);
            },
          }),
        }),
    });
    await bridge.until("taken");
    platform.rows.push(row(2), row(3), row(4));
    await bridge.until("refused", 3);
    expect(replies(platform)).toEqual([REFUSAL]);
    // The one that runs, and the first refusal, which is told.
    expect(loaded).toEqual([other(1).id, row(2).id]);
    run.resolve();
    await bridge.until("answered", 2);
  });
});
