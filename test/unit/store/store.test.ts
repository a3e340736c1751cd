/** What is no part of journal, outbox, dead letters or memory: cursor, token, lock, and the life of a store. */
import { hostname } from "node:os";
import { describe, expect } from "bun:test";
import { EMPTY_CURSOR } from "../../../src/store/store.ts";
import { lookUntil } from "../../harness/wait.ts";
import { contract } from "./contract.ts";
import { answerTo, asking, at, CURSOR, failure, headOf, passing, pending } from "./support.ts";

const file = (name: string) => ({ path: `/tmp/${name}`, name, mimeType: name, size: 3, uri: name });

describe("a store", () => {
  contract("gives back the cursor that was saved, also to the next process", async (home) => {
    {
      await using store = await home.open();
      expect(await store.loadCursor()).toEqual(EMPTY_CURSOR);
      await store.saveCursor(CURSOR);
      expect(await store.loadCursor()).toEqual(CURSOR);
    }
    await using next = await home.open();
    expect(await next.loadCursor()).toEqual(CURSOR);
    await next.saveCursor(EMPTY_CURSOR);
    expect(await next.loadCursor()).toEqual(EMPTY_CURSOR);
  });

  contract("keeps workspaces apart", async (home) => {
    await using a = await home.open();
    await using b = await home.neighbour().open();
    await a.saveCursor(CURSOR);
    await a.saveToken("tok-1");
    await a.journal.admit([asking(1)], undefined);
    await a.memory.remember("k", "v");
    expect(await b.loadCursor()).toEqual(EMPTY_CURSOR);
    expect(await b.loadToken()).toBeUndefined();
    expect(await b.journal.lanes()).toEqual([]);
    expect(await b.journal.known(["m1"])).toEqual(new Set());
    expect(await b.memory.recall("k")).toBeUndefined();
    await b.journal.admit([asking(1)], undefined);
    await b.journal.settle("m1");
    expect(await headOf(a)).toMatchObject({ id: "m1" });
  });

  contract("keeps all that happens at once, in the order of the calls", async (home) => {
    const rows = Array.from({ length: 200 }, (_, n) => asking(n));
    {
      await using store = await home.open();
      const { journal, outbox } = store;
      await Promise.all([
        ...rows.map((row) => journal.admit([row], undefined)),
        ...rows.map(({ id }) => outbox.keep(answerTo(id))),
        ...rows.slice(0, 100).map(({ id }) => journal.settle(id)),
      ]);
    }
    await using next = await home.open();
    expect(await next.journal.load()).toMatchObject({ waiting: 100 });
    expect(await next.journal.watermark()).toEqual({ id: "m99", at: at(99) });
    expect(await headOf(next)).toMatchObject({ id: "m100", reply: { maybePosted: true } });
  });

  contract("keeps nothing of a call that failed, and all of those beside it", async (home) => {
    await using store = await home.open();
    const { journal } = store;
    await journal.admit([asking(1), asking(2)], undefined);
    const [first, doomed, third] = await Promise.allSettled([
      journal.begin("m1", true),
      journal.begin("m1", true),
      journal.begin("m2", true),
    ]);
    expect([first.status, doomed.status, third.status]).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    await journal.again("m1");
    expect(await journal.runsSince("peer", 0)).toHaveLength(2);
  });

  contract("has not changed by what it does itself", async (home) => {
    await using store = await home.open();
    expect(await store.changed()).toBe(false);
    await store.journal.admit([asking(1)], undefined);
    await store.saveCursor(CURSOR);
    expect(await store.changed()).toBe(false);
  });

  contract("gives any text to the next process as it came", async (home) => {
    const text = "\0 \x1a \x1a0 \x1a\0 \ud83d\ude00 \" \\u0000 \\ ' $1 %s \r\n\u2028 {}";
    const lane = `lane ${text}`;
    const row = asking(1, lane, { raw: text, ids: [text], digest: text });
    const reply = answerTo("m1", { lane, body: text, digest: text, attachments: [file(text)] });
    const platform = "https://ours.example.com";
    {
      await using store = await home.open({ platform });
      const { journal, outbox } = store;
      await journal.admit([row, { ...passing(2), id: text }], { id: text, at: at(2) });
      await journal.begin("m1", true);
      await journal.child("m1", { pid: 7, identity: text });
      await outbox.keep(reply, text);
      await outbox.learnPeerMode(text, "push");
      await store.memory.remember(text, text);
      await store.saveToken(text.replaceAll(/\s/g, ""));
      await store.saveCursor({ ...EMPTY_CURSOR, lastSinceId: text });
    }
    await using store = await home.open({ platform });
    const { journal, outbox } = store;
    expect(await journal.lanes()).toEqual([lane]);
    expect(await journal.row("m1")).toBe(text);
    expect(await journal.anchor()).toEqual({ id: text, at: at(2) });
    expect(await journal.known([text])).toEqual(new Set([text]));
    const waiting = await pending(store, lane);
    expect(waiting).toMatchObject({ lane, digest: text, deadReason: text });
    expect(waiting.attachments).toEqual([file(text)]);
    expect(await outbox.body(waiting)).toBe(text);
    expect(await outbox.peerMode(text)).toBe("push");
    expect(await store.memory.recall(text)).toBe(text);
    expect(await store.loadToken()).toBe(text.replaceAll(/\s/g, ""));
    expect(await store.loadCursor()).toEqual({ ...EMPTY_CURSOR, lastSinceId: text });
    const again = asking(3, lane, { ids: [text], digest: text });
    expect(await journal.admit([again], undefined)).toEqual([{ kind: "repeat", of: "m1" }]);
  });

  contract("gives all of very much to the next process", async (home) => {
    const raw = "x".repeat(10_000);
    const rows = Array.from({ length: 300 }, (_, n) => asking(n, `lane ${n % 7}`, { raw }));
    const passed = Array.from({ length: 11_000 }, (_, n) => passing(1_000 + n));
    const keys = Array.from({ length: 1_100 }, (_, n) => `key ${n}`);
    {
      await using store = await home.open();
      await store.journal.admit([...rows, ...passed], undefined);
      await Promise.all(
        rows.map(({ id }, n) => store.outbox.keep(answerTo(id, { lane: `lane ${n % 7}` }))),
      );
      await Promise.all(keys.map((key) => store.memory.remember(key, key)));
    }
    await using next = await home.open();
    const { journal, outbox, memory } = next;
    const ids = [...rows, ...passed].map(({ id }) => id);
    expect((await journal.known(ids)).size).toBe(ids.length);
    expect(await journal.load()).toMatchObject({ waiting: 300, bytes: 300 * (10_000 + 9) });
    expect(await outbox.count()).toBe(300);
    expect(await Promise.all(keys.map((key) => memory.recall(key)))).toEqual(keys);
    for (const { id } of rows) expect((await journal.row(id)).length).toBe(10_000);
  });

  contract("can be opened again after it was closed", async (home) => {
    await using process = await home.process();
    const store = process.store();
    expect(await store.lock.take()).toBe("taken");
    await store.open();
    await store.journal.admit([asking(1)], undefined);
    await store.journal.begin("m1", true);
    await store.close();
    expect(await store.lock.take()).toBe("taken");
    await store.open();
    expect((await store.journal.interrupted()).map(({ id }) => id)).toEqual(["m1"]);
    await store.journal.recover("m1");
    expect(await headOf(store)).toMatchObject({ id: "m1", crashes: 1 });
    await store.close();
  });
});

describe("a token", () => {
  contract("is given to the next process", async (home) => {
    {
      await using store = await home.open();
      expect(await store.loadToken()).toBeUndefined();
      await store.saveToken("tok-1");
      await store.saveToken("tok-2");
      expect(await store.loadToken()).toBe("tok-2");
    }
    await using next = await home.open();
    expect(await next.loadToken()).toBe("tok-2");
  });

  contract("is kept for its platform, and given and replaced for no other", async (home) => {
    const ours = { platform: "https://ours.example.com" };
    {
      await using store = await home.open(ours);
      await store.saveToken("tok-1");
      expect(await store.loadToken()).toBe("tok-1");
    }
    {
      await using other = await home.open({ platform: "https://other.example.com" });
      expect(await other.loadToken()).toBeUndefined();
      const refused = await failure(other.saveToken("tok-2"));
      expect(refused.message).toContain("keeps a token for https://ours.example.com");
    }
    await using store = await home.open(ours);
    expect(await store.loadToken()).toBe("tok-1");
    await store.saveToken("tok-3");
    expect(await store.loadToken()).toBe("tok-3");
  });
});

describe("a workspace", () => {
  contract("is one process's, which is named to others, until that closes it", async (home) => {
    const store = await home.open();
    await using other = await home.process();
    const second = other.store();
    expect(await store.lock.take()).toBe("taken");
    expect(await second.lock.take()).toEqual({
      heldBy: { pid: process.pid, host: hostname(), since: expect.stringMatching(/^20.*Z$/) },
    });
    // What was in vain takes nothing away.
    expect(await store.journal.admit([asking(1)], undefined)).toHaveLength(1);
    await store.close();
    expect(await second.lock.take()).toBe("taken");
    await second.open();
    expect(await headOf(second)).toMatchObject({ id: "m1" });
    await second.close();
  });

  contract("is one process's, also where several want it at once", async (home) => {
    await using processes = new AsyncDisposableStack();
    const stores = [];
    for (let n = 0; n < 5; n++) stores.push(processes.use(await home.process()).store());
    const taken = await Promise.all(stores.map((store) => store.lock.take()));
    expect(taken.filter((one) => one === "taken")).toHaveLength(1);
    for (const store of stores) await store.close();
  });

  contract("is told to be free to one who waits for it", async (home) => {
    const store = await home.open();
    await using other = await home.process();
    const standby = other.store();
    expect(await standby.lock.take()).not.toBe("taken");
    const { signal } = new AbortController();
    const taken = lookUntil(async () => {
      await standby.lock.untilFree(signal);
      return (await standby.lock.take()) === "taken";
    });
    await store.close();
    await taken;
    expect(standby.lock.lost.aborted).toBe(false);
    await standby.close();
  });

  contract("is waited for no longer than wanted", async (home) => {
    await using _ = await home.open();
    await using other = await home.process();
    const standby = other.store();
    expect(await standby.lock.take()).not.toBe("taken");
    const stop = new AbortController();
    const over = standby.lock.untilFree(stop.signal);
    stop.abort();
    // However it ends.
    await over.catch(() => {});
    await standby.close();
  });

  contract("is surely ours while nobody else asks for it", async (home) => {
    await using store = await home.open();
    await store.lock.sure(new AbortController().signal);
    expect(store.lock.lost.aborted).toBe(false);
    expect(store.lock.handOver.aborted).toBe(false);
  });

  contract("is not opened by one who has not taken it", async (home) => {
    await using other = await home.process();
    const store = other.store();
    expect((await failure(store.open())).message).toMatch(/without its (lock|lease)/);
    await store.close();
  });
});
