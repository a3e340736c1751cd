/** The store that machines share, as the doctor finds it. */
import { SQL } from "bun";
import { beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LocalStore } from "../../../../src/store/local.ts";
import { onPosix } from "../../../harness/platform.ts";
import { freePort } from "../../../harness/port.ts";
import { onPostgres, sharedPostgres } from "../../../harness/postgres.ts";
import { storesAt } from "../../../harness/stores.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { lookUntil } from "../../../harness/wait.ts";
import { asking, at } from "../../store/support.ts";
import { type Diagnosis, examined, platform, TOKEN, WORKSPACE } from "./lab.ts";

setDefaultTimeout(60_000);

const NOWHERE = "http://localhost:1";

/** The doctor with that store, and nothing of the platform. */
async function looked(url: string, stateDir: string, id?: string): Promise<Diagnosis> {
  const env = { MOLECULE_STORE: url };
  const found = await examined(NOWHERE, { ...(id === undefined ? {} : { id }), env, stateDir });
  const password = new URL(url).password;
  expect(password.length).toBeGreaterThan(5);
  expect(found.stdout + found.stderr).not.toContain(password);
  return found;
}

/** A user of the server who owns nothing. */
async function stranger(url: string): Promise<string> {
  const address = new URL(url);
  const name = `u${crypto.randomUUID().replaceAll("-", "")}`;
  await using sql = new SQL(url, { max: 1 });
  await sql.unsafe(`CREATE ROLE ${name} LOGIN PASSWORD 'sesame-${name}'`);
  address.username = name;
  address.password = `sesame-${name}`;
  return address.href;
}

async function run(url: string, ...statements: string[]): Promise<void> {
  await using sql = new SQL(url, { max: 1 });
  for (const statement of statements) await sql.unsafe(statement);
}

onPostgres.describe("a shared store", () => {
  let newDatabase: () => Promise<string>;

  beforeAll(async () => {
    ({ newDatabase } = await sharedPostgres());
  });

  onPostgres.test(
    "that is whole is told with its schema, and what it has of the workspace",
    async () => {
      using folder = tmpFolder();
      const url = await newDatabase();
      const empty = await looked(url, folder.path);
      expect(empty.of("store")).toMatchObject({ status: "ok" });
      expect(empty.of("store").detail).toContain("it is empty; the first bridge makes its tables");
      const stores = await storesAt(url);
      expect((await looked(url, folder.path)).of("journal").detail).toBe(
        "the store has no message of this workspace yet",
      );
      const store = stores.of(WORKSPACE, { folder: folder.path });
      await lookUntil(async () => (await store.lock.take()) === "taken");
      await store.open();
      await store.journal.admit([asking(1), asking(2)], undefined);
      await store.journal.bury("m2", "why");
      await store.saveCursor({
        lastSinceId: "m0",
        settled: { id: "m0", at: at(0) },
        windowStart: undefined,
        fetchFromId: undefined,
      });
      const full = await looked(url, folder.path);
      expect(full.of("store")).toMatchObject({ status: "ok" });
      expect(full.of("store").detail).toMatch(/^127\.0\.0\.1:\d+\/test_\d+ answers; schema 1$/);
      expect(full.of("journal")).toMatchObject({
        status: "warning",
        detail: "the store has its cursor; 1 unsettled; 1 message was given up",
      });
      expect(full.of("bridge").detail).toContain(`process ${process.pid}, since`);
      await store.close();
      await stores.close();
      using ward = platform();
      const heard = await examined(ward.url, {
        env: { MOLECULE_STORE: url },
        stateDir: folder.path,
      });
      expect(heard.of("bridge").detail).toContain("none runs with this shared store");
    },
  );

  onPostgres.test(
    "has the token that a bridge was given, and the state folder has none",
    async () => {
      using folder = tmpFolder();
      using ward = platform();
      const url = await newDatabase();
      // Of before the store was shared.
      const stale = join(folder.path, `${WORKSPACE}.token`);
      writeFileSync(stale, `stale-0123456789\n${ward.url}\n`, { mode: 0o600 });
      const env = { MOLECULE_STORE: url, MOLECULE_WORKSPACE_TOKEN: "" };
      const call = { env, stateDir: folder.path };
      expect((await examined(ward.url, call)).of("token").detail).toBe(
        "none is given, and none was kept by an earlier registration",
      );
      await using stores = await storesAt(url);
      const store = stores.of(WORKSPACE, { folder: folder.path, platform: ward.url });
      await lookUntil(async () => (await store.lock.take()) === "taken");
      await store.open();
      await store.saveToken(TOKEN);
      await store.close();
      const found = await examined(ward.url, call);
      expect(found.of("token")).toMatchObject({ status: "ok" });
      expect(found.of("token").detail).toStartWith("from the shared store; ");
      expect(found.of("cursor").status).not.toBe("skipped");
      using other = platform();
      expect((await examined(other.url, call)).of("token").detail).toContain(
        `the token in the shared store is for ${ward.url}, and is not sent to ${other.url}`,
      );
      const offline = await examined(ward.url, { ...call, flags: { offline: true } });
      expect(offline.of("token").detail).toContain("whether one is kept is not known");
    },
  );

  onPostgres.test("beside local state that was never moved is a warning", async () => {
    using folder = tmpFolder();
    const store = new LocalStore(folder.path, WORKSPACE);
    await store.lock.take();
    await store.open();
    await store.close();
    const url = await newDatabase();
    expect((await looked(url, folder.path)).of("journal")).toMatchObject({
      status: "warning",
      hint: expect.stringContaining(`molecule store migrate ${WORKSPACE}`),
    });
  });

  onPostgres.test(
    "whose user lacks rights, or that is another version's, is a failure",
    async () => {
      using folder = tmpFolder();
      const url = await newDatabase();
      const weak = await stranger(url);
      const none = (await looked(weak, folder.path)).of("store");
      expect(none).toMatchObject({ status: "failed" });
      expect(none.detail).toContain("it has no tables, and this user may not make them");
      await (await storesAt(url)).close();
      const { username } = new URL(weak);
      await run(
        url,
        `GRANT USAGE ON SCHEMA molecule TO ${username}`,
        `GRANT SELECT ON ALL TABLES IN SCHEMA molecule TO ${username}`,
      );
      const lacking = (await looked(weak, folder.path)).of("store");
      expect(lacking).toMatchObject({ status: "failed" });
      expect(lacking.detail).toContain("this user may not read and change 14 tables: cursors, ");
      expect(lacking.hint).toContain("molecule store migrate --help -v");
      const rights = `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA molecule TO ${username}`;
      await run(url, rights);
      expect((await looked(weak, folder.path)).of("store").status).toBe("ok");
      await run(url, "UPDATE molecule.schema_version SET version = 99");
      const newer = await looked(url, folder.path);
      expect(newer.of("store")).toMatchObject({ status: "failed" });
      expect(newer.of("store").detail).toContain("a newer version of molecule wrote it (schema 99");
      expect(newer.of("journal")).toMatchObject({
        status: "skipped",
        detail: "the shared store can't be used",
      });
    },
  );

  onPostgres.test("is not asked with --offline, and what rests on it is left out", async () => {
    using folder = tmpFolder();
    const found = await examined(NOWHERE, {
      env: { MOLECULE_STORE: await newDatabase() },
      flags: { offline: true },
      stateDir: folder.path,
    });
    for (const name of ["store", "journal", "bridge"]) {
      expect(found.of(name)).toMatchObject({
        status: "skipped",
        detail: "--offline leaves the network out",
      });
    }
  });

  onPosix("modes").test("in a file that others can read is a warning", async () => {
    using folder = tmpFolder();
    const file = join(folder.path, "address");
    writeFileSync(file, await newDatabase());
    chmodSync(file, 0o644);
    const found = await examined(NOWHERE, { flags: { "store-file": file }, stateDir: folder.path });
    expect(found.of("store")).toMatchObject({ status: "warning" });
    expect(found.of("store").detail).toContain("chmod 600 mends it");
  });
});

test("a file with its address that is not there is called what it is", async () => {
  using folder = tmpFolder();
  const file = join(folder.path, "missing");
  const found = await examined(NOWHERE, { flags: { "store-file": file }, stateDir: folder.path });
  expect(found.of("store")).toMatchObject({
    status: "failed",
    detail: `the store file ${file} can't be read (ENOENT)`,
    hint: "Name a file that holds the address of a store and nothing else, and that you can read.",
  });
});

onPostgres.test(
  "a server that is not there, or a wrong password, is a failure without the secret",
  async () => {
    using folder = tmpFolder();
    const away = `postgres://ann:sesame-of-ann@127.0.0.1:${freePort()}/db`;
    const gone = (await looked(away, folder.path)).of("store");
    expect(gone).toMatchObject({ status: "failed" });
    expect(gone.detail).toContain("can't be used");
    const wrong = new URL(await (await sharedPostgres()).newDatabase());
    wrong.password = "sesame-that-is-wrong";
    const refused = (await looked(wrong.href, folder.path)).of("store");
    expect(refused).toMatchObject({ status: "failed" });
    expect(refused.hint).toContain("password");
  },
);
