/** Who holds a workspace, where answers of Postgres are lost and members removed. */
import { hostname } from "node:os";
import { expect } from "bun:test";
import { systemClock } from "../../../../src/shared/clock.ts";
import { LeaseLost } from "../../../../src/shared/lease-lost.ts";
import { PostgresClient } from "../../../../src/store/postgres/client.ts";
import { onPostgres } from "../../../harness/postgres.ts";
import { addressAt } from "../../../harness/stores.ts";
import { Bell, lookUntil } from "../../../harness/wait.ts";
import { asking, failure } from "../support.ts";
import { AGES_MS, FOREVER, opened, SharedLab, taken } from "./lab.ts";

const { describe, test } = onPostgres;

/** Another workspace than that of the lab. */
const OTHER = "other";

describe("a holder that was removed", () => {
  test("goes on where nobody has taken its workspace", async () => {
    await using lab = await SharedLab.start();
    const process = await lab.process(AGES_MS);
    const { journal, lock } = await opened(process.store());
    await journal.admit([asking(1)], undefined);
    const before = await lab.row();
    await lab.remove();
    await Promise.all([journal.begin("m1", true), journal.admit([asking(2)], undefined)]);
    await lock.sure(FOREVER);
    expect(lock.lost.aborted).toBe(false);
    expect(await journal.runsSince("peer", 0)).toHaveLength(1);
    expect(await lab.row()).toMatchObject({ owner: before.owner, epoch: before.epoch });
  });

  test("goes on, though the answer that it is a member again is lost", async () => {
    await using lab = await SharedLab.start();
    const relay = await lab.relay();
    const { store: storeOf } = await lab.process(900, relay.url);
    const { journal, lock } = await opened(storeOf());
    relay.lose("answer", hostname());
    await lab.remove();
    await lookUntil(async () => relay.losses > 0 && (await lab.row()).owner !== null);
    await journal.admit([asking(1)], undefined);
    await lock.sure(FOREVER);
    expect(lock.lost.aborted).toBe(false);
  });

  test("learns that another has it, though the answer that it is a member again is lost", async () => {
    await using lab = await SharedLab.start();
    const relay = await lab.relay();
    const [old, other] = [await lab.process(900, relay.url), await lab.process(AGES_MS)];
    const { lock } = await opened(old.store());
    relay.lose("answer", hostname());
    await lab.pass(other.store());
    // It writes nothing by which it would find out.
    await lookUntil(() => lock.lost.aborted);
    expect(relay.losses).toBe(1);
    expect(await failure(lock.sure(FOREVER))).toBeInstanceOf(LeaseLost);
  });

  test("changes nothing where another has taken its workspace, and says that it is lost", async () => {
    await using lab = await SharedLab.start();
    const [old, other] = [await lab.process(AGES_MS), await lab.process(AGES_MS)];
    const store = await opened(old.store());
    await store.journal.admit([asking(1)], undefined);
    const next = other.store();
    await lab.pass(next);
    await next.open();
    const row = await lab.row();
    const attempts = [
      store.journal.begin("m1", true),
      store.journal.admit([asking(2)], undefined),
      store.memory.remember("k", "v"),
      store.saveToken("tok-1"),
    ];
    for (const attempt of attempts) expect(await failure(attempt)).toBeInstanceOf(LeaseLost);
    expect(await failure(store.lock.sure(FOREVER))).toBeInstanceOf(LeaseLost);
    await store.close();
    expect(await lab.row()).toEqual(row);
    expect(await next.changed()).toBe(false);
    expect(await next.journal.known(["m1", "m2"])).toEqual(new Set(["m1"]));
  });

  test("keeps those of its workspaces that nobody has taken", async () => {
    await using lab = await SharedLab.start();
    const [old, other] = [await lab.process(AGES_MS), await lab.process(AGES_MS)];
    const [kept, lost] = [await opened(old.store()), await opened(old.store(OTHER))];
    await lab.pass(other.store(OTHER));
    await kept.journal.admit([asking(1)], undefined);
    expect(lost.lock.lost.aborted).toBe(true);
    expect(kept.lock.lost.aborted).toBe(false);
  });
});

describe("a workspace", () => {
  test("is had by the one to whom it was given without that he heard of it", async () => {
    await using lab = await SharedLab.start();
    const relay = await lab.relay();
    const { store: storeOf } = await lab.process(AGES_MS, relay.url);
    const store = await opened(storeOf());
    await store.close();
    relay.lose("answer", JSON.stringify([lab.workspaceId]));
    await taken(store);
    expect(relay.losses).toBe(1);
    await store.open();
    await store.journal.admit([asking(1)], undefined);
    // One for each time that it was given.
    expect((await lab.row()).epoch).toBe(3);
  });

  test("is free for others where that could not be said at once, though its holder lives on", async () => {
    await using lab = await SharedLab.start();
    const relay = await lab.relay();
    const old = await lab.process(1_500, relay.url);
    const other = await lab.process(AGES_MS);
    const [given, kept] = [await opened(old.store()), await opened(old.store(OTHER))];
    relay.lose("request", "SET owner = NULL WHERE id");
    await given.close();
    expect(relay.losses).toBe(1);
    await taken(other.store());
    expect(kept.lock.lost.aborted).toBe(false);
    await kept.journal.admit([asking(1)], undefined);
  });
});

test("what is told is heard again after a query that was not answered", async () => {
  await using lab = await SharedLab.start();
  const bell = new Bell();
  const client = new PostgresClient(addressAt(lab.url), systemClock, 1);
  const heard: string[] = [];
  const hear = (text: string) => {
    heard.push(text);
    bell.ring();
  };
  const listen = () => client.listen("c", hear);
  await listen();
  expect(client.isListening).toBe(true);
  expect((await failure(client.query("SELECT pg_sleep(5)", [], 100))).message).toContain(
    "no answer within 0.1 s",
  );
  expect(client.isListening).toBe(false);
  await listen();
  expect(client.isListening).toBe(true);
  await lab.sql`SELECT pg_notify('c', 'a word')`;
  await bell.until(() => heard.length > 0);
  expect(heard).toEqual(["a word"]);
  await client.close();
});

test("a lock that somebody keeps on the members does not leave the server full of those who wait", async () => {
  await using lab = await SharedLab.start("own");
  const process = await lab.process(1_000);
  await opened(process.store());
  const locker = await lab.sql.reserve();
  await locker`BEGIN`;
  await locker`LOCK TABLE molecule.members`;
  const begun = new Set<string>();
  let waiting = 0;
  await lookUntil(async () => {
    const found = await lab.sql<{ pid: number; begun: string }[]>`
      SELECT pid, query_start::text AS begun FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    for (const one of found) begun.add(one.begun);
    waiting = Math.max(waiting, found.length);
    return begun.size >= 4;
  });
  await locker`ROLLBACK`;
  locker.release();
  // One renewal after the other; on a busy machine one begins while the server is about to end the last.
  expect(waiting).toBeLessThanOrEqual(2);
});
