/** What becomes of a change when its way to Postgres, or what it is made of, is out of the ordinary. */
import { expect } from "bun:test";
import { systemClock, type Clock } from "../../../../src/shared/clock.ts";
import { LeaseLost } from "../../../../src/shared/lease-lost.ts";
import { onPostgres } from "../../../harness/postgres.ts";
import { lookUntil } from "../../../harness/wait.ts";
import { answerTo, asking, failure, headOf, pending } from "../support.ts";
import { AGES_MS, FOREVER, opened, SharedLab, taken } from "./lab.ts";

const { describe, test } = onPostgres;

/** As long as a query may take. */
const QUERY_MS = 10_000;

/** A clock by which a query that is not answered is given up soon, where that is wanted. */
function impatient(): Clock & { isImpatient: boolean } {
  const clock = {
    ...systemClock,
    isImpatient: false,
    sleep: (ms: number, signal?: AbortSignal) =>
      systemClock.sleep(clock.isImpatient && ms === QUERY_MS ? 300 : ms, signal),
  };
  return clock;
}

describe("a commit", () => {
  test("that the server comes to only after it was given up, and tried again, is done once", async () => {
    await using lab = await SharedLab.start();
    const clock = impatient();
    const process = await lab.process(AGES_MS, lab.url, clock);
    const { journal, memory } = await opened(process.store());
    await journal.admit([asking(1)], undefined);
    const { version } = await lab.row();
    const waiting = async () => {
      const [row] = await lab.sql`SELECT count(*)::integer AS n FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      return row.n as number;
    };
    let begun: Promise<void> | undefined;
    await lab.sql.begin(async (tx) => {
      await tx`SELECT 1 FROM molecule.workspaces WHERE id = ${lab.workspaceId} FOR UPDATE`;
      clock.isImpatient = true;
      begun = journal.begin("m1", true);
      // The first is still there, although nobody waits for it any more.
      await lookUntil(async () => (await waiting()) >= 2);
      clock.isImpatient = false;
    });
    await begun;
    expect(await journal.runsSince("peer", 0)).toHaveLength(1);
    await memory.remember("after", "it");
    expect((await lab.row()).version).toBe(version + 2);
  });

  test("that is refused fails alone, and leaves the store as it was", async () => {
    await using lab = await SharedLab.start("own");
    const process = await lab.process(AGES_MS);
    const { memory } = await opened(process.store());
    await lab.sql`ALTER TABLE molecule.memory ADD CHECK (key <> 'bad')`;
    const [good, bad, other] = await Promise.allSettled([
      memory.remember("good", "1"),
      memory.remember("bad", "2"),
      memory.remember("other", "3"),
    ]);
    expect([good.status, bad.status, other.status]).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect((bad as PromiseRejectedResult).reason.message).toContain("(23514)");
    expect([await memory.recall("good"), await memory.recall("bad")]).toEqual(["1", undefined]);
    await memory.remember("good", "4");
    expect(await memory.recall("good")).toBe("4");
  });

  test("that is queued when its store is closed is done", async () => {
    await using lab = await SharedLab.start();
    const process = await lab.process(AGES_MS);
    const store = await opened(process.store());
    const writes = [1, 2, 3].map((n) => store.journal.admit([asking(n)], undefined));
    await store.close();
    await Promise.all(writes);
    const next = await opened(process.store());
    expect(await next.journal.load()).toMatchObject({ waiting: 3 });
    expect((await failure(store.journal.admit([asking(4)], undefined))).message).toBe(
      "the store is not open",
    );
  });

  test("that was under way when its store was closed does not end the next holding", async () => {
    await using lab = await SharedLab.start();
    const clock = impatient();
    const process = await lab.process(AGES_MS, lab.url, clock);
    const store = await opened(process.store());
    const { journal } = store;
    await journal.admit([asking(1)], undefined);
    let closed: Promise<void> | undefined;
    let again: Promise<void> | undefined;
    let begun: Promise<unknown> | undefined;
    await lab.sql.begin(async (tx) => {
      await tx`SELECT 1 FROM molecule.workspaces WHERE id = ${lab.workspaceId} FOR UPDATE`;
      begun = journal.begin("m1", true).catch((error: unknown) => error);
      clock.isImpatient = true;
      closed = store.close();
      again = taken(store);
      await begun;
      clock.isImpatient = false;
    });
    await Promise.all([closed, again]);
    await store.open();
    await store.lock.sure(FOREVER);
    await journal.admit([asking(2)], undefined);
    expect(await journal.load()).toMatchObject({ waiting: 2 });
    expect((await lab.row()).owner).not.toBeNull();
  });
});

describe("what is kept", () => {
  const LONE = "\ud800 high, low \udc00";

  test("may be large, and its keys long", async () => {
    await using lab = await SharedLab.start();
    const raw = JSON.stringify({ text: '\u00e4"\\\u0001'.repeat(1_000_000) });
    const body = "\u{1f600}".repeat(1_300_000);
    const key = "\u00e9\0".repeat(2_500);
    {
      const process = await lab.process(AGES_MS);
      const store = await opened(process.store());
      await store.journal.admit([asking(1, key, { raw, ids: [key] })], undefined);
      await store.outbox.keep(answerTo("m1", { lane: key, body }));
      await store.memory.remember(key, body);
      await store.memory.remember(`${key}!`, "another");
      await process.stores.close();
    }
    const { store: storeOf } = await lab.process(AGES_MS);
    const { journal, outbox, memory } = await opened(storeOf());
    expect((await journal.row("m1")) === raw).toBe(true);
    expect((await memory.recall(key)) === body).toBe(true);
    expect(await memory.recall(`${key}!`)).toBe("another");
    const reply = await pending({ journal } as never, key);
    expect((await outbox.body(reply)) === body).toBe(true);
  });

  test("is, of halves of characters, what a file would keep", async () => {
    await using lab = await SharedLab.start();
    const { stores, store: storeOf } = await lab.process(AGES_MS);
    const { memory, journal } = await opened(storeOf());
    await memory.remember("k", LONE);
    await journal.admit([asking(1, LONE)], undefined);
    await stores.close();
    const next = await lab.process(AGES_MS);
    const store = await opened(next.store());
    expect(await store.memory.recall("k")).toBe(LONE.toWellFormed());
    expect(await headOf(store, LONE.toWellFormed())).toMatchObject({ id: "m1" });
  });
});

describe("one who was taken over before it opened the store", () => {
  test("is told so", async () => {
    await using lab = await SharedLab.start();
    const [slow, quick] = [await lab.process(AGES_MS), await lab.process(AGES_MS)];
    const store = slow.store();
    await taken(store);
    await lab.pass(quick.store());
    expect(await failure(store.open())).toBeInstanceOf(LeaseLost);
    expect(store.lock.lost.aborted).toBe(true);
  });

  test("goes on where nobody has taken it after all", async () => {
    await using lab = await SharedLab.start();
    const { store: storeOf } = await lab.process(AGES_MS);
    const store = storeOf();
    await taken(store);
    await lab.remove();
    await store.open();
    await store.journal.admit([asking(1)], undefined);
    expect(store.lock.lost.aborted).toBe(false);
    expect((await lab.row()).epoch).toBe(1);
  });
});
