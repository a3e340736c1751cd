/** The commands on a store that several machines share, in a real Postgres, and that they keep its password. */
import { describe, expect, setDefaultTimeout } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runToEnd } from "../harness/binary.ts";
import { connect, stateDir } from "../harness/connect.ts";
import { deadLetter, leaveLetters, PICKY } from "../harness/dead-letters.ts";
import { sentTexts } from "../harness/peers.ts";
import { LINUX, onlyWhere } from "../harness/platform.ts";
import { freePort } from "../harness/port.ts";
import { onPostgres, postgresPrograms, sharedPostgres } from "../harness/postgres.ts";
import { PEER, row, ScriptedPlatform, WORKSPACE } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";

setDefaultTimeout(120_000);

const FIRST = row(1).id;
const SECOND = row(2).id;
const json = (run: { stdout: string }) => JSON.parse(run.stdout);

/** An empty database: its address, and a look at whether somebody has told its password. */
async function newStore() {
  const address = await (await sharedPostgres()).newDatabase();
  const { password } = new URL(address);
  expect(password.length).toBeGreaterThan(20);
  return {
    address,
    env: { MOLECULE_STORE: address },
    password,
    expectUnseen(...runs: { stdout: string; stderr: string }[]) {
      for (const run of runs) expect(run.stdout + run.stderr).not.toContain(password);
    },
  };
}

const store = (home: string, words: string[], env: Record<string, string>) =>
  runToEnd(["store", ...words], { home, env });

onPostgres.describe("dead letters in a shared store", () => {
  onPostgres.test("are listed, shown, dropped, and retried where a bridge runs", async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    const { address, env, expectUnseen } = await newStore();
    const file = join(home.path, "address");
    writeFileSync(file, `${address}\n`, { mode: 0o600 });
    await leaveLetters(platform, home.path, "fail", { MOLECULE_STORE_FILE: file });
    const none = await deadLetter(home.path, ["list"]);
    expect(none.code).toBe(1);
    expect(none.stderr).toContain("with --store-file");
    const listed = await deadLetter(home.path, ["list", "--store-file", file, "-o", "json"]);
    expect(json(listed)).toMatchObject([
      { id: FIRST, from: PEER },
      { id: SECOND, from: PEER },
    ]);
    const shown = await deadLetter(home.path, ["show", SECOND, "-o", "json"], env);
    expect(json(shown)).toMatchObject({ id: SECOND, undelivered: "echo: text 2" });
    // On another machine: nothing of it lies in this folder.
    using elsewhere = tmpFolder();
    const cmd = 'echo "mended: $(cat)"';
    await using bridge = connect(platform.url, elsewhere.path, { cmd, env });
    await bridge.untilEvent("connected");
    const retried = await deadLetter(home.path, ["retry", FIRST, "-o", "json"], env);
    expect(json(retried)).toEqual([{ id: FIRST, status: "retried" }]);
    await bridge.untilEvent("answered");
    const dropped = await deadLetter(home.path, ["drop", "--all"], env);
    expect(dropped.code).toBe(0);
    expect(json(await deadLetter(home.path, ["list", "-o", "json"], env))).toEqual([]);
    await bridge.stop();
    expect(sentTexts(platform)).toEqual(["mended: fail"]);
    expectUnseen(listed, shown, retried, dropped, bridge);
  });

  onPostgres.test("show nothing of the token that is kept there", async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    const { env } = await newStore();
    const kept = "handed-out-token-1234567890";
    platform.on("register", () => Response.json({ status: "registered", auth_token: kept }));
    platform.rows = [row(1, { text: `fail ${kept}` })];
    await using bridge = connect(platform.url, home.path, {
      cmd: PICKY,
      flags: { once: true },
      env: { ...env, MOLECULE_WORKSPACE_TOKEN: "" },
    });
    await bridge.endsWith(0);
    expect(existsSync(join(stateDir(home.path), `${WORKSPACE}.token`))).toBe(false);
    const shown = await deadLetter(home.path, ["show", FIRST], env);
    expect(shown.stdout).toContain("fail [secret]");
    expect(shown.stdout + shown.stderr).not.toContain(kept);
  });
});

onPostgres.test("a store that is away, empty, or without the workspace is said", async () => {
  using home = tmpFolder();
  const away = { MOLECULE_STORE: `postgres://ann:sesame-of-ann@127.0.0.1:${freePort()}/db` };
  for (const words of ["store status", "store migrate", `dead-letter list ${WORKSPACE}`]) {
    const run = await runToEnd(words.split(" "), { home: home.path, env: away });
    expect(run.code).toBe(1);
    expect(run.stderr).toContain("hint: See that Postgres runs and can be reached from here.");
    expect(run.stderr).not.toContain("sesame");
  }
  const { env } = await newStore();
  const empty = await store(home.path, ["status"], env);
  expect(empty).toMatchObject({ code: 1, stdout: "" });
  expect(empty.stderr).toContain("nothing was ever kept in the store");
  expect((await store(home.path, ["migrate"], env)).code).toBe(0);
  const unknown = await deadLetter(home.path, ["list"], env);
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain(`knows nothing of workspace ${WORKSPACE}`);
  expect((await store(home.path, ["status", WORKSPACE], env)).stderr).toContain("knows nothing of");
});

onPostgres.test("store status shows processes and workspaces, in each format", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  const { env, expectUnseen } = await newStore();
  await leaveLetters(platform, home.path, "fail", env);
  await using bridge = connect(platform.url, home.path, { env, flags: { "max-workspaces": 3 } });
  await bridge.untilEvent("connected");
  const found = json(await store(home.path, ["status", "-o", "json"], env));
  expect(found).toMatchObject({
    processes: [{ pid: bridge.pid, capacity: 3, workspaces: 1 }],
    workspaces: [{ id: WORKSPACE, pid: bridge.pid, epoch: 2, unsettled: 0, dead_letters: 2 }],
    totals: { workspaces: 1, held: 1, dead_letters: 2 },
  });
  expect(found.processes[0].expires_in_ms).toBeLessThanOrEqual(10_000);
  const table = await store(home.path, ["status"], env);
  expect(table.stdout).toMatch(/^HOST +PID +SINCE +WORKSPACES/);
  expect(table.stdout).toMatch(new RegExp(`^${WORKSPACE} +${bridge.pid} on `, "m"));
  expect(table.stderr).toContain(
    "1 workspace, 1 of them held, 0 unsettled, 0 in the outbox, 2 dead letters",
  );
  const one = await store(home.path, ["status", WORKSPACE], env);
  expect(one.stdout).toMatch(/^fencing number +2$/m);
  const none = await store(home.path, ["status", "--limit", "0"], env);
  expect(none.stderr).toContain("1 more with a higher --limit");
  const yaml = await store(home.path, ["status", WORKSPACE, "-o", "yaml"], env);
  expect(Bun.YAML.parse(yaml.stdout)).toMatchObject({ id: WORKSPACE, epoch: 2 });
  await bridge.stop();
  const ended = await store(home.path, ["status", "-o", "json"], env);
  expect(json(ended)).toMatchObject({ processes: [], workspaces: [{ host: null }] });
  expectUnseen(table, one, yaml, ended, bridge);
});

onPostgres.test(
  "store migrate moves what a bridge has left, and another goes on from it",
  async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    await leaveLetters(platform, home.path);
    const { env, expectUnseen } = await newStore();
    const state = stateDir(home.path);
    const files = readdirSync(state).sort();
    const dry = await store(home.path, ["migrate", "--all", "--dry-run", "-o", "json"], env);
    expect(json(dry)).toMatchObject({
      schema: { found: 0, now: 1 },
      workspaces: [{ workspace_id: WORKSPACE, status: "would move", dead_letters: 2 }],
    });
    expect(readdirSync(state).sort()).toEqual(files);
    {
      await using running = connect(platform.url, home.path, { cmd: PICKY });
      await running.untilEvent("connected");
      const refused = await store(home.path, ["migrate", WORKSPACE, "-o", "json"], env);
      expect(refused.code).toBe(1);
      expect(json(refused).workspaces).toMatchObject([
        { status: "refused", reason: expect.stringContaining(`process ${running.pid} on`) },
      ]);
      await running.stop();
    }
    const moved = await store(home.path, ["migrate", WORKSPACE], env);
    expect({ code: moved.code, stderr: moved.stderr }).toMatchObject({ code: 0 });
    expect(moved.stdout).toMatch(new RegExp(`^${WORKSPACE} +moved +`, "m"));
    expect(readdirSync(state)).toContain(`${WORKSPACE}.db.moved`);
    const again = await store(home.path, ["migrate", WORKSPACE], env);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("What was moved before has the ending .moved.");
    expect((await store(home.path, ["migrate", "--all"], env)).code).toBe(0);
    expect((await deadLetter(home.path, ["retry", "--all"], env)).code).toBe(0);
    using elsewhere = tmpFolder();
    const cmd = 'echo "mended: $(cat)"';
    await using bridge = connect(platform.url, elsewhere.path, { cmd, flags: { once: true }, env });
    await bridge.endsWith(0);
    expect(sentTexts(platform).toSorted()).toEqual(["echo: text 2", "mended: fail"]);
    // The cursor came along: nothing that was answered is run again.
    expect(bridge.of("taken").map(({ activity_id: id }) => id)).toEqual([FIRST]);
    expectUnseen(dry, moved, again, bridge);
  },
);

describe("the password of the store", () => {
  const { test } = onlyWhere(LINUX && postgresPrograms() !== undefined, "/proc, and a Postgres");

  test("is in no output, log, file, command line, or environment of a child", async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    const { address, password, env, expectUnseen } = await newStore();
    const file = join(home.path, "address");
    writeFileSync(file, address, { mode: 0o600 });
    // What the process that answers can see of itself, and of who started it.
    const lines = "tr '\\0' '\\n'";
    const cmd = `cat; env; ${lines} </proc/$$/cmdline; ${lines} </proc/$PPID/cmdline; env >&2`;
    const ways = [
      { env, flags: {} },
      { env: { MOLECULE_STORE_FILE: file }, flags: {} },
      { env: {}, flags: { "store-file": file } },
    ];
    for (const [nth, way] of ways.entries()) {
      platform.rows = [row(2 * nth + 1), row(2 * nth + 2, { source_id: null })];
      await using bridge = connect(platform.url, home.path, {
        cmd,
        env: way.env,
        flags: { once: true, verbose: true, ...way.flags },
      });
      await bridge.endsWith(0);
      expect(bridge.of("backend-stderr")).not.toEqual([]);
      expectUnseen(bridge);
    }
    const answers = [...platform.calls("a2a"), ...platform.calls("notify")];
    expect(answers).toHaveLength(2 * ways.length);
    const posted = JSON.stringify(answers.map(({ body }) => body));
    expect(posted).toContain("text 1");
    expect(posted).toContain("E2E_MARK");
    expect(posted).not.toContain(password);
    expect(posted).not.toContain("MOLECULE_STORE");
    for (const found of readdirSync(home.path, { recursive: true, withFileTypes: true })) {
      if (!found.isFile() || found.name === "address") continue;
      const text = readFileSync(join(found.parentPath, found.name), "latin1");
      expect([found.name, text.includes(password)]).toEqual([found.name, false]);
    }
  });

  test("can be seen by others where it is on a command line, which is said", async () => {
    using home = tmpFolder();
    const { address, expectUnseen } = await newStore();
    const run = await store(home.path, ["migrate", "--store", address], {});
    expect(run.code).toBe(0);
    expect(run.stderr).toContain("--store can be read by others on this machine");
    expectUnseen(run);
  });
});
