import { describe, expect } from "bun:test";
import { ManualClock } from "../../harness/clock.ts";
import { contract } from "./contract.ts";
import { answerTo, asking, at, headOf, passing, pending, trouble, handedOver } from "./support.ts";

describe("an answer", () => {
  contract("waits at the head of its lane, whole, until it was posted", async (home) => {
    const clock = new ManualClock();
    await using store = await home.open({ clock });
    const { journal, outbox } = store;
    await journal.admit([asking(1), asking(2)], undefined);
    await journal.begin("m1", true);
    await clock.advance(500);
    await outbox.keep(answerTo("m1", { digest: "d" }));
    const reply = await pending(store);
    const { body, ...kept } = answerTo("m1", { digest: "d" });
    expect(await outbox.body(reply)).toBe(body);
    expect(reply).toEqual({
      ...kept,
      at: at(1),
      since: clock.now(),
      maybePosted: false,
      deadReason: undefined,
    });
    expect(await outbox.count()).toBe(1);
    expect(await journal.watermark()).toBeUndefined();
    await outbox.posted(reply, at(3));
    expect(await outbox.count()).toBe(0);
    expect(await headOf(store)).toMatchObject({ id: "m2", reply: undefined });
    expect(await journal.watermark()).toEqual({ id: "m1", at: at(1) });
    expect(await journal.load()).toMatchObject({ waiting: 1, bytes: 11 });
    // Twice is as good as once.
    await outbox.posted(reply, at(3));
  });

  contract(
    "that another process kept may have been posted by it, and one kept since was not",
    async (home) => {
      const store = await home.open();
      await store.journal.admit([asking(1), asking(2, "")], undefined);
      await store.outbox.keep(answerTo("m1"));
      await store.close();
      await using next = await home.open();
      await next.outbox.keep(answerTo("m2", { lane: "" }));
      expect(await pending(next)).toMatchObject({ maybePosted: true });
      expect(await pending(next, "")).toMatchObject({ maybePosted: false });
    },
  );

  contract("comes before an older message that was revived", async (home) => {
    await using store = await home.open();
    await store.journal.admit([asking(1), asking(2)], undefined);
    await store.journal.bury("m1", "why");
    await store.outbox.keep(answerTo("m2"));
    await store.deadLetters.retry("m1");
    expect(await headOf(store)).toMatchObject({ id: "m2" });
    await store.outbox.posted(await pending(store), at(3));
    expect(await headOf(store)).toMatchObject({ id: "m1", generation: 1 });
  });

  contract("that is refused goes to the dead letters with its message", async (home) => {
    await using store = await home.open();
    await store.journal.admit([asking(1)], undefined);
    await store.outbox.keep(answerTo("m1"));
    await store.outbox.refused(await pending(store), "403");
    expect(await store.deadLetters.get("m1")).toMatchObject({
      reason: "403",
      raw: '{"id":"m1"}',
      undelivered: { kind: "answer", body: "an answer" },
    });
    expect(await store.outbox.count()).toBe(0);
    expect(await store.journal.watermark()).toEqual({ id: "m1", at: at(1) });
  });

  contract(
    "with a reason to die takes its message to the dead letters once it was posted",
    async (home) => {
      await using store = await home.open();
      await store.journal.admit([asking(1), asking(2, "b")], undefined);
      await store.outbox.keep(answerTo("m1", { kind: "failure" }), "timed out");
      await store.outbox.keep(answerTo("m2", { kind: "failure", lane: "b" }), "timed out");
      const reply = await pending(store);
      expect(reply.deadReason).toBe("timed out");
      expect(await store.deadLetters.list()).toEqual([]);
      await store.outbox.posted(reply, at(2));
      expect(await store.deadLetters.get("m1")).toMatchObject({
        reason: "timed out",
        undelivered: undefined,
      });
      await store.outbox.refused(await pending(store, "b"), "403");
      expect(await store.deadLetters.get("m2")).toMatchObject({
        reason: "timed out (its asker could not be told: 403)",
        undelivered: { kind: "failure" },
      });
    },
  );
});

describe("an answer that the peer holds open", () => {
  contract(
    "settles its message, and is left to the next process until it was posted",
    async (home) => {
      const store = await home.open();
      const reply = await handedOver(store, [asking(1), asking(2)]);
      expect(await headOf(store)).toMatchObject({ id: "m2" });
      expect(await store.journal.watermark()).toEqual({ id: "m1", at: at(1) });
      expect(await store.journal.load()).toMatchObject({ waiting: 1, bytes: 31 });
      expect(await store.outbox.handedOver()).toEqual([]);
      expect(await store.outbox.count()).toBe(1);
      await store.close();
      await using next = await home.open();
      expect(await next.outbox.handedOver()).toEqual([{ ...reply, maybePosted: true }]);
      await next.outbox.posted(reply, at(2));
      expect(await next.outbox.handedOver()).toEqual([]);
      expect(await next.journal.load()).toMatchObject({ waiting: 1, deadLetters: 0, bytes: 11 });
    },
  );

  contract("goes to the dead letters with its whole message when it is refused", async (home) => {
    await using store = await home.open();
    const reply = await handedOver(store);
    expect(await store.journal.row("m1")).toBe('{"id":"m1"}');
    await store.outbox.refused(reply, "the peer failed");
    expect(await store.deadLetters.get("m1")).toMatchObject({
      raw: '{"id":"m1"}',
      reason: "the peer failed",
      undelivered: { body: "an answer" },
    });
  });

  contract("does nothing to a message that was revived meanwhile", async (home) => {
    await using store = await home.open();
    await store.journal.admit([asking(1), asking(2, "b")], undefined);
    const replies = [];
    for (const [id, lane] of [
      ["m1", "peer"],
      ["m2", "b"],
    ] as const) {
      await store.outbox.keep(answerTo(id, { kind: "failure", lane }), "failed");
      replies.push(await pending(store, lane));
      await store.outbox.handOver(await pending(store, lane));
      expect(await store.deadLetters.retry(id)).toBe(true);
    }
    const [first, second] = replies;
    if (first === undefined || second === undefined) throw new Error("no replies");
    await store.outbox.posted(first, at(2));
    await store.outbox.refused(second, "why");
    expect(await headOf(store)).toMatchObject({ id: "m1", generation: 1, reply: undefined });
    expect(await headOf(store, "b")).toMatchObject({ id: "m2", generation: 1, reply: undefined });
    expect(await store.outbox.count()).toBe(0);
  });

  contract("does nothing to the answer that its message has as a new generation", async (home) => {
    await using store = await home.open();
    await store.journal.admit([asking(1)], undefined);
    await store.outbox.keep(answerTo("m1", { kind: "failure" }), "failed");
    const first = await pending(store);
    await store.outbox.handOver(first);
    await store.deadLetters.retry("m1");
    await store.outbox.keep(answerTo("m1", { generation: 1 }));
    await store.outbox.posted(first, at(2));
    expect(await pending(store)).toMatchObject({ kind: "answer", generation: 1 });
  });
});

describe("the word of a trouble", () => {
  contract("is posted while its message waits, once, and settles nothing", async (home) => {
    await using store = await home.open();
    await store.journal.admit([asking(1), asking(2, "b"), asking(3, "c")], undefined);
    for (const [id, lane, end] of [
      ["m1", "peer", "posted"],
      ["m2", "b", "refused"],
      ["m3", "c", "handOver"],
    ] as const) {
      await store.journal.begin(id, true);
      await store.outbox.keep({ ...trouble(id), lane });
      expect(await headOf(store, lane)).toMatchObject({ id, told: true });
      const reply = await pending(store, lane);
      expect(reply.kind as string).toBe("trouble");
      await store.outbox[end](reply, at(4));
      expect(await headOf(store, lane)).toMatchObject({ id, told: true, reply: undefined });
      expect(await store.journal.load()).toMatchObject({ waiting: 3, deadLetters: 0 });
      await store.journal.begin(id, true);
    }
    expect(await store.journal.watermark()).toBeUndefined();
  });

  contract("that was not posted gives way to the answer", async (home) => {
    await using store = await home.open();
    await store.journal.admit([asking(1)], undefined);
    await store.outbox.keep(trouble("m1"));
    await store.journal.begin("m1", true);
    await store.outbox.keep(answerTo("m1"));
    expect(await pending(store)).toMatchObject({ kind: "answer" });
    expect(await store.outbox.count()).toBe(1);
  });

  contract("that the peer holds open ends without touching the answer", async (home) => {
    await using store = await home.open();
    await store.journal.admit([asking(1)], undefined);
    await store.outbox.keep(trouble("m1"));
    const word = await pending(store);
    await store.outbox.handOver(word);
    await store.outbox.keep(answerTo("m1"));
    expect(await store.outbox.count()).toBe(2);
    await store.outbox.posted(word, at(2));
    expect(await pending(store)).toMatchObject({ kind: "answer" });
    expect(await store.outbox.count()).toBe(1);
  });

  contract("goes when its message is given up", async (home) => {
    await using store = await home.open();
    await store.journal.admit([asking(1)], undefined);
    await store.outbox.keep(trouble("m1"));
    await store.journal.bury("m1", "why");
    expect(await store.deadLetters.get("m1")).toMatchObject({ undelivered: undefined });
    expect(await store.outbox.count()).toBe(0);
  });
});

contract("notices are counted against their echoes, from a time on", async (home) => {
  await using store = await home.open();
  const { journal, outbox } = store;
  for (const second of [1, 20, 30]) {
    await journal.admit([asking(second, "")], undefined);
    await outbox.keep(answerTo(`m${second}`, { lane: "", digest: "d" }));
    await outbox.posted(await pending(store, ""), at(second));
  }
  await journal.admit([asking(40), passing(1, "d"), passing(20, "d"), passing(21, "e")], undefined);
  await outbox.keep(answerTo("m40", { digest: "d" }));
  // To a peer: no notice.
  await outbox.posted(await pending(store), at(40));
  expect(await outbox.notices("d", at(0))).toEqual({ posted: 3, echoes: 2 });
  // The clocks may differ by ten seconds.
  expect(await outbox.notices("d", at(30))).toEqual({ posted: 2, echoes: 0 });
  expect(await outbox.notices("d", at(31))).toEqual({ posted: 1, echoes: 0 });
  expect(await outbox.notices("e", at(0))).toEqual({ posted: 0, echoes: 1 });
});

contract("how a peer takes messages is known to the next process", async (home) => {
  const store = await home.open();
  expect(await store.outbox.peerMode("a")).toBeUndefined();
  await store.outbox.learnPeerMode("a", "push");
  await store.outbox.learnPeerMode("b", "poll");
  await store.outbox.learnPeerMode("a", "poll");
  await store.outbox.learnPeerMode("a", "push");
  await store.close();
  await using next = await home.open();
  expect(await next.outbox.peerMode("a")).toBe("push");
  expect(await next.outbox.peerMode("b")).toBe("poll");
});

contract("what is remembered is known to the next process, until it is forgotten", async (home) => {
  const store = await home.open();
  await store.memory.remember("k", "one");
  await store.memory.remember("k", "two");
  await store.memory.remember("", "");
  await store.close();
  await using next = await home.open();
  expect(await next.memory.recall("k")).toBe("two");
  expect(await next.memory.recall("")).toBe("");
  await next.memory.remember("k", undefined);
  expect(await next.memory.recall("k")).toBeUndefined();
});
