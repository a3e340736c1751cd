/** A reply that was handed over and came back, and what the head of a lane tells of its message. */
import { expect } from "bun:test";
import { contract } from "./contract.ts";
import { asking, headOf, pending, handedOver } from "./support.ts";

contract(
  "a reply that is taken back is posted before the next message, also by the next process",
  async (home) => {
    {
      await using store = await home.open();
      const reply = await handedOver(store, [asking(1), asking(2)]);
      expect(await headOf(store)).toMatchObject({ id: "m2", reply: undefined });
      await store.outbox.takeBack(reply);
      expect(await headOf(store)).toMatchObject({ reply: { activityId: "m1" } });
    }
    await using store = await home.open();
    expect(await store.outbox.handedOver()).toEqual([]);
    const reply = await pending(store);
    expect(await store.outbox.body(reply)).toBe("an answer");
    await store.outbox.posted(reply, "2026-01-01T00:00:01.000000000Z");
    expect(await headOf(store)).toMatchObject({ id: "m2", reply: undefined });
  },
);

contract(
  "a lane in which only such a reply is left is one of those to be worked on",
  async (home) => {
    await using store = await home.open();
    const reply = await handedOver(store);
    expect(await store.journal.lanes()).toEqual([]);
    await store.outbox.takeBack(reply);
    expect(await store.journal.lanes()).toEqual(["peer"]);
  },
);

contract("a reply that has ended is not taken back", async (home) => {
  await using store = await home.open();
  const reply = await handedOver(store);
  await store.outbox.posted(reply, "2026-01-01T00:00:01.000000000Z");
  await store.outbox.takeBack(reply);
  expect(await store.journal.lanes()).toEqual([]);
  expect(await store.outbox.count()).toBe(0);
});

contract(
  "the head of a lane tells whether it is an answer, and whether it is empty",
  async (home) => {
    await using store = await home.open();
    const rows = [
      asking(1, "a", { isReply: true }),
      asking(2, "b", { isEmpty: true }),
      asking(3, "c"),
    ];
    await store.journal.admit(rows, undefined);
    expect(await headOf(store, "a")).toMatchObject({ isReply: true, isEmpty: false });
    expect(await headOf(store, "b")).toMatchObject({ isReply: false, isEmpty: true });
    expect(await headOf(store, "c")).toMatchObject({ isReply: false, isEmpty: false });
  },
);
