/** A server that goes: under a store that works, and with the tests that it was started for. */
import { SQL } from "bun";
import { chmod, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, setDefaultTimeout } from "bun:test";
import { LeaseLost } from "../../../src/shared/lease-lost.ts";
import { EMPTY_CURSOR } from "../../../src/store/store.ts";
import { onPostgres, sharedPostgres, startPostgres } from "../../harness/postgres.ts";
import { StoreRelay } from "../../harness/store-relay.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { lookUntil } from "../../harness/wait.ts";
import { Home } from "./contract.ts";
import { answerTo, asking, at, failure, headOf, pending, processAt } from "./support.ts";

const { test } = onPostgres;

setDefaultTimeout(60_000);
const CRASHES = 8;

test(`a store works on through ${CRASHES} crashes of its server, and does nothing twice`, async () => {
  await using server = await startPostgres();
  using folder = tmpFolder();
  const home = new Home({ folder: folder.path, shared: await server.newDatabase() });
  let messages = 0;
  {
    await using store = await home.open();
    const { journal, outbox } = store;
    let isOver = false;
    const crashing = (async () => {
      const modes = ["immediate", "fast"] as const;
      for (let crashes = 0; crashes < CRASHES; crashes++) {
        const end = messages + 2;
        await lookUntil(() => messages >= end);
        // Where in a commit it falls is chance.
        await Bun.sleep(Math.random() * 5);
        const mode = modes[crashes % 3];
        await (mode === undefined ? server.kill() : server.stop(mode));
        await server.restart();
      }
    })().finally(() => (isOver = true));
    do {
      const id = `m${++messages}`;
      await journal.admit([asking(messages)], undefined);
      await journal.begin(id, true);
      await outbox.keep(answerTo(id));
      const reply = await pending(store);
      expect(reply).toMatchObject({ activityId: id, maybePosted: false });
      if (messages % 2 === 0) await outbox.posted(reply, at(messages));
      else await outbox.refused(reply, "403");
    } while (!isOver);
    await crashing;
  }
  await using next = await home.open();
  const deadLetters = Math.ceil(messages / 2);
  expect(await next.journal.load()).toMatchObject({ waiting: 0, deadLetters });
  expect(await next.journal.runsSince("peer", 0)).toHaveLength(messages);
  expect(await next.outbox.count()).toBe(0);
});

test.each(["request", "answer"] as const)(
  "a commit that loses its %s is done once, and what is told of it is right",
  async (loss) => {
    const server = await sharedPostgres();
    await using relay = await StoreRelay.start(await server.newDatabase());
    using folder = tmpFolder();
    const home = new Home({ folder: folder.path, shared: relay.url });
    await using store = await home.open();
    const { journal, outbox } = store;
    relay.lose(loss, "in doubt");
    const raw = "in doubt";
    expect(await journal.admit([asking(1, "peer", { raw })], undefined)).toEqual([
      { kind: "entered", reusedId: false },
    ]);
    relay.lose(loss, "m1");
    await journal.begin("m1", true);
    relay.lose(loss, "an answer");
    await outbox.keep(answerTo("m1"));
    relay.lose(loss, "in doubt, too");
    await outbox.refused(await pending(store), "in doubt, too");
    expect(relay.losses).toBe(4);
    expect(await store.deadLetters.get("m1")).toMatchObject({ attempts: 0, raw });
    expect(await journal.runsSince("peer", 0)).toHaveLength(1);
  },
);

test("a process whose workspace was taken over writes nothing more to it, and is told so", async () => {
  const server = await sharedPostgres();
  using folder = tmpFolder();
  const place = { folder: folder.path, shared: await server.newDatabase() };
  const home = new Home(place);
  // It would find out by itself after a third of that.
  const { store: storeOf, end } = await processAt(place, 600_000);
  const old = storeOf(home.workspaceId);
  expect(await old.lock.take()).toBe("taken");
  await old.open();
  await old.journal.admit([asking(1), asking(2)], undefined);
  await old.journal.begin("m1", true);
  await using sql = new SQL(place.shared, { max: 1 });
  await sql`DELETE FROM molecule.members`;
  await using store = await home.open();
  expect((await store.journal.interrupted()).map(({ id }) => id)).toEqual(["m1"]);
  const refused = await failure(old.outbox.keep(answerTo("m1")));
  expect(refused).toBeInstanceOf(LeaseLost);
  expect(old.lock.lost.aborted).toBe(true);
  expect(await failure(old.lock.sure(new AbortController().signal))).toBeInstanceOf(LeaseLost);
  expect(await failure(old.saveCursor(EMPTY_CURSOR))).toBeInstanceOf(LeaseLost);
  // Its end takes nothing from the one that has it now.
  await old.close();
  await end();
  await store.journal.recover("m1");
  expect(await headOf(store)).toMatchObject({ id: "m1", crashes: 1, reply: undefined });
  expect(store.lock.lost.aborted).toBe(false);
});

test("a server of the tests is gone with the process that started it, however that ends", async () => {
  using folder = tmpFolder();
  // It does not run as root.
  await chmod(folder.path, 0o755);
  const program = join(import.meta.dir, "programs", "own-postgres.ts");
  const child = Bun.spawn([process.execPath, program], {
    env: { ...process.env, TMPDIR: folder.path },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const { value } = await child.stdout.getReader().read();
  const port = Number(new TextDecoder().decode(value));
  const isThere = () =>
    Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } }).then(
      (socket) => {
        socket.end();
        return true;
      },
      () => false,
    );
  expect(await isThere()).toBe(true);
  expect(await readdir(folder.path)).toHaveLength(1);
  child.kill("SIGKILL");
  await lookUntil(async () => !(await isThere()) && (await readdir(folder.path)).length === 0);
});
