/** Commands that change the dead letters of a workspace while a bridge has it. */
import { expect } from "bun:test";
import { onPostgres } from "../../../harness/postgres.ts";
import { lookUntil } from "../../../harness/wait.ts";
import { asking, failure } from "../support.ts";
import { AGES_MS, opened, SharedLab } from "./lab.ts";

const { test } = onPostgres;

const LETTERS = 12;

test("retries and drops go through while the bridge writes all the time, and nothing is lost", async () => {
  await using lab = await SharedLab.start();
  const [holder, visitor] = [await lab.process(AGES_MS), await lab.process(AGES_MS)];
  const store = await opened(holder.store());
  const { journal, memory } = store;
  const letters = Array.from({ length: LETTERS }, (_, n) => asking(n));
  await journal.admit(letters, undefined);
  for (const { id } of letters) await journal.bury(id, "why");
  let isOver = false;
  let written = 0;
  const writing = (async () => {
    for (; !isOver; written++) await memory.remember(`key ${written}`, "value");
  })();
  const visit = await visitor.stores.visit(lab.workspaceId, lab.folder);
  try {
    for (const [n, { id }] of letters.entries()) {
      const before = written;
      expect(await (n % 2 === 0 ? visit.letters.retry(id) : visit.letters.drop(id))).toBe(true);
      await lookUntil(() => written > before + 1);
    }
  } finally {
    isOver = true;
    await writing;
    await visit.close();
  }
  // By itself, without a write of its own that finds it out.
  expect(await store.changed()).toBe(true);
  expect(await journal.load()).toMatchObject({ waiting: LETTERS / 2, deadLetters: 0 });
  for (let n = 0; n < written; n++) expect(await memory.recall(`key ${n}`)).toBe("value");
  await holder.stores.close();
  const next = await opened((await lab.process(AGES_MS)).store());
  expect(await next.journal.load()).toMatchObject({ waiting: LETTERS / 2, deadLetters: 0 });
  for (let n = 0; n < written; n++) expect(await next.memory.recall(`key ${n}`)).toBe("value");
}, 60_000);

test("what a command changes while the holder is taken for dead is found once it goes on", async () => {
  await using lab = await SharedLab.start();
  const [holder, visitor] = [await lab.process(900), await lab.process(AGES_MS)];
  const store = await opened(holder.store());
  await store.journal.admit([asking(1)], undefined);
  await store.journal.bury("m1", "why");
  const visit = await visitor.stores.visit(lab.workspaceId, lab.folder);
  // Nor is he told at once.
  await lab.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'LISTEN %'`;
  await lab.remove();
  expect(await visit.letters.retry("m1")).toBe(true);
  await visit.close();
  await lookUntil(() => store.changed());
  expect(await store.journal.load()).toMatchObject({ waiting: 1, deadLetters: 0 });
});

test("a workspace of which nothing is known has no dead letters to look into", async () => {
  await using lab = await SharedLab.start();
  const { stores } = await lab.process(AGES_MS);
  const error = await failure(stores.visit("nobody", lab.folder));
  const { host, pathname } = new URL(lab.url);
  expect(error.message).toBe(`the store at ${host}${pathname} knows nothing of workspace nobody`);
  expect(error.hint).toContain("molecule store status");
});
