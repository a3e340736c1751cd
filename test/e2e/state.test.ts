import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Run } from "../harness/binary.ts";
import { connect, Dev, stateDir, stateOf, statePath } from "../harness/connect.ts";
import { row, ScriptedPlatform, WORKSPACE } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { onPosix } from "../harness/platform.ts";

const withModes = onPosix("Windows has no modes of files").test;

setDefaultTimeout(60_000);

const once = { once: true } as const;

function writeState(home: string, text: string, id = WORKSPACE): void {
  mkdirSync(stateDir(home), { recursive: true });
  writeFileSync(statePath(home, id), text);
}

const takenBy = (run: Run) => run.of("taken").map(({ activity_id }) => activity_id);

test("after a restart nothing is answered twice, and what came meanwhile is answered", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1), row(2)];
  await using first = connect(platform.url, home.path);
  await first.untilEvent("answered", 2);
  await first.stop();
  platform.rows.push(row(3));
  await using second = connect(platform.url, home.path, { flags: once });
  await second.endsWith(0);
  expect(takenBy(first)).toEqual([row(1).id, row(2).id]);
  expect(takenBy(second)).toEqual([row(3).id]);
  expect(stateOf(home.path).last_since_id).toBe(row(3).id);
});

test("a first run looks back no further than told, and a later one runs nothing again", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  const old = new Date(Date.now() - 600_000).toISOString();
  platform.rows = [row(1, { created_at: old }), row(2)];
  const flags = { ...once, "since-secs": 300 };
  await using first = connect(platform.url, home.path, { flags });
  await first.endsWith(0);
  expect(takenBy(first)).toEqual([row(2).id]);
  const [early] = platform.calls("activity");
  expect(Number(early?.query.get("since_secs"))).toBeGreaterThanOrEqual(300);
  expect(early?.query.get("since_id")).toBeNull();
  await using second = connect(platform.url, home.path, { flags });
  await second.endsWith(0);
  expect(takenBy(second)).toEqual([]);
  expect(stateOf(home.path).last_since_id).toBe(row(2).id);
});

test("a state file as the Go tool writes it is taken over, and keys of others are kept", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1), row(2), row(3)];
  const written = { workspace_id: WORKSPACE, last_since_id: row(2).id, theirs: { kept: [1] } };
  writeState(home.path, JSON.stringify(written, null, 2));
  await using bridge = connect(platform.url, home.path, { flags: once });
  await bridge.endsWith(0);
  expect(takenBy(bridge)).toEqual([row(3).id]);
  expect(stateOf(home.path)).toMatchObject({ ...written, last_since_id: row(3).id });
});

test("a cursor that the platform no longer knows is forgotten, and what was settled is not run again", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  await dev.send("first", dev.ada, {});
  await dev.send("second", dev.ada, {});
  await using before = dev.connect(home.path, { flags: once });
  await before.endsWith(0);
  const id = dev.agent.id;
  const saved = stateOf(home.path, id);
  const gone = { ...saved, last_since_id: crypto.randomUUID() };
  expect(saved.settled_id).toBe(before.of("answered")[1]?.activity_id);
  writeState(home.path, JSON.stringify(gone), id);

  await dev.send("third", dev.ada, {});
  const third = (await dev.feed()).at(-1).id;
  await using after = dev.connect(home.path);
  expect((await after.untilEvent("cursor-gone")).cursor).toBe(gone.last_since_id);
  await after.untilEvent("answered");
  // It goes on from there as from any cursor.
  await dev.send("fourth", dev.ada, {});
  await after.untilEvent("answered", 2);
  await after.stop();
  expect(takenBy(after)).toEqual([third, (await dev.feed()).at(-1).id]);
});

withModes("the state folder is its owner's alone, and so is what lies in it", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  await using bridge = connect(platform.url, home.path, { flags: once });
  await bridge.endsWith(0);
  const folder = stateDir(home.path);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const names = readdirSync(folder);
  expect(names).toContain(`${WORKSPACE}.json`);
  // What a running process tells of itself, for `molecule status`.
  expect(statSync(join(folder, "bridges")).mode & 0o777).toBe(0o700);
  for (const name of names.filter((one) => one !== "bridges")) {
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
  }
});

test("no temporary files are left, also none of a bridge that was killed while it saved", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = Array.from({ length: 300 }, (_, n) => row(n));
  const folder = stateDir(home.path);
  const temporary = (pid: number) => `.${WORKSPACE}.json.${pid}.99999.tmp`;
  for (const answers of [3, 20, 50]) {
    await using killed = connect(platform.url, home.path);
    await killed.untilEvent("answered", answers);
    killed.signal("SIGKILL");
    await killed.end();
    expect(stateOf(home.path).workspace_id).toBe(WORKSPACE);
    // Whether the kill came in the middle of a save is luck, so here is what it would leave.
    writeFileSync(join(folder, temporary(killed.pid)), `{"workspace_id": "${WORKSPACE}", "la`);
  }
  // Another process may be about to rename its own.
  writeFileSync(join(folder, temporary(process.pid)), "");
  await using last = connect(platform.url, home.path, { flags: once });
  await last.endsWith(0);
  const left = readdirSync(folder).filter((name) => name.endsWith(".tmp"));
  expect(left).toEqual([temporary(process.pid)]);
  expect(stateOf(home.path).last_since_id).toBe(row(299).id);
});

test.each([
  ["cut off", `{"workspace_id": "${WORKSPACE}", "last_si`],
  ["empty", ""],
  ["of another workspace", `{"workspace_id": "${crypto.randomUUID()}", "last_since_id": ""}`],
])("a state file that is %s ends the start, is named, and stays as it is", async (_, text) => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  writeState(home.path, text);
  const path = statePath(home.path);
  const before = statSync(path);
  await using bridge = connect(platform.url, home.path);
  await bridge.endsWith(1);
  expect(bridge.failure).toContain(path);
  expect(bridge.failure).toMatch(/^hint: .*left as it is/m);
  expect(readFileSync(path, "utf8")).toBe(text);
  expect(statSync(path).mtimeMs).toBe(before.mtimeMs);
  expect(readdirSync(dirname(path)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  expect(platform.seen).toEqual([]);
});

test("--state-dir says where the state is kept, and nothing is written elsewhere", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  const folder = join(home.path, "a folder", "of mine");
  await using bridge = connect(platform.url, home.path, {
    flags: { ...once, "state-dir": folder },
  });
  await bridge.endsWith(0);
  expect(readdirSync(folder)).toContain(`${WORKSPACE}.json`);
  expect(readdirSync(home.path)).toEqual(["a folder"]);
});
