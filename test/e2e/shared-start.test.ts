/** How a bridge with a shared store starts, and how one stands by, with a real Postgres. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { SQL } from "bun";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runToEnd } from "../harness/binary.ts";
import { connect, stateDir } from "../harness/connect.ts";
import { onPostgres, sharedPostgres, startPostgres } from "../harness/postgres.ts";
import { row, ScriptedPlatform, TOKEN, WORKSPACE } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";

setDefaultTimeout(120_000);

const newStore = async () => (await sharedPostgres()).newDatabase();

async function ask<Row>(address: string, query: string): Promise<Row[]> {
  await using sql = new SQL(address, { max: 1 });
  return [...((await sql.unsafe(query)) as Row[])];
}

onPostgres.test("a store that is away at the start is waited for, and told of once", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  await using postgres = await startPostgres();
  const address = await postgres.newDatabase();
  await postgres.stop();
  await using run = connect(platform.url, home.path, { env: { MOLECULE_STORE: address } });
  const { level, hint } = await run.untilEvent("store-away");
  expect({ level, hint }).toEqual({
    level: "warn",
    hint: "See that Postgres runs and can be reached from here.",
  });
  await postgres.restart();
  await run.untilEvent("connected");
  expect(run.events.filter(({ event }) => event === "store-away")).toHaveLength(1);
  expect(run.events.filter(({ event }) => event === "store-back")).toHaveLength(1);
  await run.stop();
});

onPostgres.test("a dry run makes no tables, and finds the token that is kept there", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  const address = await newStore();
  const env = { MOLECULE_STORE: address, MOLECULE_API_URL: platform.url };
  const args = ["connect", WORKSPACE, "--dry-run", "--backend", "mock", "-o", "json"];
  const token = { MOLECULE_WORKSPACE_TOKEN: TOKEN };
  const dry = await runToEnd(args, { home: home.path, env: { ...env, ...token } });
  expect(dry.code).toBe(0);
  const [found] = await ask<{ it: string | null }>(
    address,
    "SELECT to_regclass('molecule.seen') AS it",
  );
  expect(found?.it).toBeNull();
  // One that the state folder keeps is of a time before the store was shared.
  mkdirSync(stateDir(home.path), { recursive: true, mode: 0o700 });
  writeFileSync(join(stateDir(home.path), `${WORKSPACE}.token`), "stale-token-of-this-machine\n", {
    mode: 0o600,
  });
  platform.on("register", () => Response.json({ status: "registered", auth_token: TOKEN }));
  await using first = connect(platform.url, home.path, {
    env: { ...env, MOLECULE_WORKSPACE_TOKEN: "" },
  });
  await first.untilEvent("token-issued");
  await first.untilEvent("connected");
  await first.stop();
  const kept = await runToEnd(args, { home: home.path, env });
  expect(kept.code).toBe(0);
  expect(JSON.parse(kept.stdout)).toMatchObject({ token_from: "the shared store" });
  const sent = platform.calls("state").at(-1)?.headers.get("authorization");
  expect(sent).toBe(`Bearer ${TOKEN}`);
});

onPostgres.test(
  "one that stands by is ready, answers nothing, and takes over when the other ends",
  async () => {
    using home = tmpFolder();
    using elsewhere = tmpFolder();
    await using platform = new ScriptedPlatform();
    const env = { MOLECULE_STORE: await newStore() };
    await using first = connect(platform.url, home.path, { env });
    await first.untilEvent("connected");
    const health = { health: "127.0.0.1:0" };
    await using second = connect(platform.url, elsewhere.path, { env, flags: health });
    const { holder, shared } = await second.untilEvent("lock-waiting");
    expect({ pid: holder.pid, shared }).toEqual({ pid: first.pid, shared: true });
    const address = /http:\/\/[0-9.:]+/.exec(second.stderr)?.[0];
    const ready = await fetch(`${address}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ ready: true, workspaces: [{ state: "standby" }] });
    const metrics = await (await fetch(`${address}/metrics`)).text();
    expect(metrics).toContain(`molecule_ready{workspace="${WORKSPACE}"} 0\n`);
    const once = await runToEnd(["connect", WORKSPACE, "--once", "--backend", "mock"], {
      home: elsewhere.path,
      env: { ...env, MOLECULE_API_URL: platform.url, MOLECULE_WORKSPACE_TOKEN: TOKEN },
    });
    expect(once.code).toBe(1);
    expect(once.stderr).toContain(`another bridge holds this workspace: process ${first.pid}`);
    await first.stop();
    await second.untilEvent("connected");
    platform.rows = [row(1)];
    await second.untilEvent("answered");
    await second.stop();
  },
);

test("a limit of workspaces without a store would have a process serve all: it is refused", async () => {
  using home = tmpFolder();
  const config = join(home.path, ".config", "molecule.yaml");
  mkdirSync(join(home.path, ".config"));
  writeFileSync(config, "max_workspaces: 2\n", { mode: 0o600 });
  const run = await runToEnd(["connect", WORKSPACE, "--backend", "mock"], {
    home: home.path,
    env: { MOLECULE_WORKSPACE_TOKEN: TOKEN },
  });
  expect(run.code).toBe(2);
  expect(run.stderr).toContain("--max-workspaces has a meaning only with --store");
});

onPostgres.test(
  "a bridge at work ends when it is told to, also while its store is away",
  async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    await using postgres = await startPostgres();
    const env = { MOLECULE_STORE: await postgres.newDatabase() };
    const flags = { "grace-secs": 1, lease: "1s" };
    await using run = connect(platform.url, home.path, { cmd: "sleep 600", env, flags });
    await run.untilEvent("connected");
    platform.rows = [row(1)];
    await run.untilEvent("taken");
    await postgres.stop("immediate");
    platform.rows = [row(1), row(2)];
    await run.untilEvent("store-away");
    run.signal("SIGTERM");
    await run.endsWith(1);
    expect(run.stderr).toContain("the last progress could not be saved");
  },
);

onPostgres.test(
  "a variable of Postgres' own programs does not lead to another database",
  async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    const env = { MOLECULE_STORE: await newStore(), PGDATABASE: "postgres" };
    await using run = connect(platform.url, home.path, { env });
    await run.untilEvent("connected");
    const [found] = await ask<{ n: number }>(
      env.MOLECULE_STORE,
      "SELECT count(*)::integer AS n FROM molecule.workspaces WHERE owner IS NOT NULL",
    );
    expect(found?.n).toBe(1);
    await run.stop();
  },
);
