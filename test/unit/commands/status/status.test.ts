/** `molecule status` in this process, on files and locks as bridges leave them. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { processIdentity } from "../../../../src/backends/process/identity.ts";
import type { ProcessStatus } from "../../../../src/observe/status.ts";
import { LocalStore } from "../../../../src/store/local.ts";
import { jsonHere, runHere } from "../../../harness/command.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { statusOf } from "../../observe/support.ts";

setDefaultTimeout(30_000);

const A = "0f8fad5b-d9cb-469f-a165-70867728950e";
const B = "0f8fad5b-ffff-469f-a165-70867728950e";
const C = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

/** A state folder with what these processes wrote; those that are not said otherwise are this one. */
function lab(...processes: Partial<ProcessStatus>[]) {
  const folder = tmpFolder();
  const bridges = join(folder.path, "bridges");
  mkdirSync(bridges);
  for (const change of processes) {
    const now = Date.now();
    const status: ProcessStatus = {
      version: "1.2.3",
      pid: process.pid,
      identity: processIdentity(process.pid),
      host: hostname(),
      startedAt: now - 3_600_000,
      at: now,
      health: undefined,
      workspaces: [],
      ...change,
    };
    writeFileSync(join(bridges, `${status.pid}.json`), JSON.stringify(status));
  }
  const flags = ["--state-dir", folder.path];
  return {
    folder: folder.path,
    run: (...words: string[]) => runHere(["status", ...words, ...flags]),
    json: (...words: string[]) => jsonHere(["status", ...words, ...flags]),
    [Symbol.dispose]: folder[Symbol.dispose],
  };
}

const WELL = statusOf({
  workspaceId: A,
  running: 1,
  messages: { answered: 30, declined: 1, noted: 0, failed: 2, refused: 0, skipped: 9 },
  store: { unsettled: 4, outbox: 1, deadLetters: 2 },
});

test("no bridges are a sentence and an empty list, and no failure", async () => {
  using none = lab();
  const { code, out, err } = await none.run();
  expect({ code, out }).toEqual({ code: 0, out: "" });
  expect(err).toBe(`no bridge runs on this machine with the state folder ${none.folder}\n`);
  expect(await none.json()).toMatchObject({ code: 0, data: [] });
  const missing = ["--state-dir", join(none.folder, "not-there")];
  expect(await jsonHere(["status", ...missing])).toMatchObject({ code: 0, data: [] });
});

test("a table has a row for each workspace, and what is wrong with it", async () => {
  const troubled = statusOf({
    workspaceId: C,
    state: "troubled",
    wake: "away",
    troubles: ["heartbeats fail: no route", "the feed can't be read: no route"],
  });
  using two = lab({ workspaces: [troubled, WELL] });
  const { code, out } = await two.run();
  expect(code).toBe(0);
  const [titles, first, second] = out.split("\n");
  expect(titles).toMatch(
    /^WORKSPACE +STATE +BACKEND +WAKE +DONE +WAITING +DEAD +LAST MESSAGE +UP +PID/,
  );
  expect(first).toMatch(
    new RegExp(`^${A} +connected +mock +events +31 +3 +2 .* 1h +${process.pid}`),
  );
  expect(second).toMatch(/ troubled +mock +looking .*heartbeats fail: no route; the feed can't/);
});

test("what failed for good and what is tried again do not look alike", async () => {
  const failed = (workspaceId: string, change: object) =>
    statusOf({ workspaceId, state: "failed", troubles: ["no token"], wake: "off", ...change });
  using three = lab({
    workspaces: [
      failed(A, {}),
      failed(B, { retryAt: Date.now() + 45_000 }),
      failed(C, { retryAt: Date.now() - 1, mode: "push" }),
    ],
  });
  const { out } = await three.run();
  const [, ...rows] = out.trimEnd().split("\n");
  // Nothing runs there, so nothing wakes it.
  for (const row of rows) expect(row).toMatch(/ failed +mock +- /);
  expect(rows[0]).toEndWith("no token, not tried again");
  expect(rows[1]).toMatch(/no token, tried again in (?:45|[34]\d)s$/);
  expect(rows[2]).toEndWith("no token, tried again now");
  expect((await three.json(B)).data).toMatchObject({ troubles: ["no token"] });
});

describe("the names of agents", () => {
  const hedy = statusOf({ workspaceId: A, name: "Hedy L" });

  test("have a column where there is one", async () => {
    using none = lab({ workspaces: [WELL] });
    expect((await none.run()).out).not.toContain("NAME");
    using one = lab({ workspaces: [hedy, statusOf({ workspaceId: C })] });
    const [titles, first, second] = (await one.run()).out.split("\n");
    expect(titles).toMatch(/^WORKSPACE +NAME +STATE/);
    expect(first).toMatch(new RegExp(`^${A} +Hedy L +connected`));
    expect(second).toMatch(new RegExp(`^${C} +- +connected`));
  });

  test("find their workspaces", async () => {
    using two = lab({ workspaces: [hedy, statusOf({ workspaceId: B })] });
    const { code, out } = await two.run("Hedy L");
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^workspace +${A}\nname +Hedy L\n`));
    expect(await two.json("Hedy L")).toMatchObject({ data: { workspace_id: A, name: "Hedy L" } });
    expect(await two.run("Grace")).toMatchObject({ code: 2 });
  });

  test("are not chosen among several", async () => {
    using two = lab({ workspaces: [hedy, statusOf({ workspaceId: B, name: "Hedy L" })] });
    const { code, err } = await two.run("Hedy L");
    expect(code).toBe(2);
    expect(err).toContain('"Hedy L" is the name of 2 workspaces that run here');
    expect(err).toContain(`${A}, ${B}`);
  });
});

test("JSON tells all of it, with times as text", async () => {
  using one = lab({ workspaces: [WELL], health: "127.0.0.1:9090" });
  const { data } = await one.json();
  expect(data).toEqual([
    {
      workspace_id: A,
      state: "connected",
      troubles: [],
      backend: "mock",
      mode: "poll",
      wake: "healthy",
      running: 1,
      messages: WELL.messages,
      waiting: 3,
      replies: 1,
      dead_letters: 2,
      last_message_at: "1970-01-01T00:00:04.000Z",
      last_feed_read_at: "1970-01-01T00:00:03.000Z",
      last_heartbeat_at: "1970-01-01T00:00:02.000Z",
      connected_at: "1970-01-01T00:00:01.000Z",
      pid: process.pid,
      host: hostname(),
      version: "1.2.3",
      health: "127.0.0.1:9090",
      up_since: expect.stringMatching(/Z$/),
      heard_at: expect.stringMatching(/Z$/),
    },
  ]);
});

test("a process that does not write any more is hung", async () => {
  using hung = lab({ at: Date.now() - 61_000, workspaces: [WELL] });
  const { data } = await hung.json();
  expect(data).toMatchObject([{ workspace_id: A, state: "hung" }]);
  expect(data[0].troubles[0]).toMatch(/^not heard of for 1 min/);
  using late = lab({ at: Date.now() - 20_000, workspaces: [WELL] });
  expect((await late.json()).data).toMatchObject([{ state: "connected", troubles: [] }]);
});

test("what runs does not wait, whichever of the two was counted first", async () => {
  const store = { unsettled: 1, outbox: 0, deadLetters: 0 };
  using state = lab({ workspaces: [statusOf({ workspaceId: A, running: 2, store })] });
  expect((await state.json()).data).toMatchObject([{ running: 2, waiting: 0 }]);
  using closed = lab({ workspaces: [statusOf({ workspaceId: A, store: undefined })] });
  expect((await closed.json()).data[0].waiting).toBeUndefined();
});

test("a bridge that has the lock and wrote nothing runs, and more is not known", async () => {
  using state = lab();
  const store = new LocalStore(state.folder, C);
  expect(await store.lock.take()).toBe("taken");
  const { data } = await state.json();
  expect(data).toMatchObject([{ workspace_id: C, state: "unknown", pid: process.pid }]);
  expect(data[0].up_since).toMatch(/Z$/);
  await store.lock.release();
  expect((await state.json()).data).toEqual([]);
});

test("one that waits beside the one that has the lock is shown after it", async () => {
  const waiting = statusOf({ workspaceId: C, state: "waiting" });
  using state = lab({ workspaces: [waiting] });
  const store = new LocalStore(state.folder, C);
  await store.lock.take();
  const { data } = await state.json();
  expect(data.map((row: { state: string }) => row.state)).toEqual(["unknown", "waiting"]);
  const one = await state.run(C);
  expect(one.out).toContain("unknown");
  expect(one.err).toBe(`1 other process of it: ${process.pid} (waiting)\n`);
  await store.lock.release();
});

describe("one workspace", () => {
  const row = statusOf({ ...WELL, troubles: ["it rains"], state: "troubled" });

  test("is shown by its id, or by the beginning of it", async () => {
    using state = lab({ workspaces: [row, statusOf({ workspaceId: C })] });
    for (const id of [A, A.toUpperCase(), "0f8f", "0"]) {
      const { code, out } = await state.run(id);
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`^workspace +${A}\nstate +troubled\ntrouble +it rains\n`));
      expect(out).toMatch(/^messages +30 answered, 1 declined, 2 failed, 9 skipped$/m);
    }
    expect((await state.json(A)).data).toMatchObject({ workspace_id: A, state: "troubled" });
  });

  test("is not chosen among several", async () => {
    using state = lab({ workspaces: [row, statusOf({ workspaceId: B })] });
    const { code, err } = await state.run("0f8fad5b");
    expect(code).toBe(2);
    expect(err).toContain(`"0f8fad5b" is the beginning of 2 workspaces that run here`);
  });

  test("that does not run is a failure", async () => {
    using state = lab({ workspaces: [row] });
    const { code, out, err } = await state.run(C);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain(`no bridge of workspace ${C} runs on this machine`);
    expect(err).toContain(`molecule connect ${C} starts one`);
    expect(await state.run("../x")).toMatchObject({ code: 2 });
  });

  test("whose process hangs is a failure, and shown", async () => {
    using state = lab({ at: Date.now() - 61_000, workspaces: [row] });
    const { code, out } = await state.run(A);
    expect([code, out]).toEqual([1, expect.stringMatching(/^state +hung$/m)]);
    expect(await state.run()).toMatchObject({ code: 0 });
  });

  test("that has ended for good, in a process that goes on, is a failure, too", async () => {
    const failed = statusOf({ workspaceId: A, state: "failed", troubles: ["it was removed"] });
    using state = lab({ workspaces: [failed, statusOf({ workspaceId: C })] });
    expect(await state.run(A)).toMatchObject({ code: 1 });
    using again = lab({ workspaces: [{ ...failed, retryAt: Date.now() + 90_000 }] });
    const { code, out } = await again.run(A);
    expect(code).toBe(0);
    expect(out).toMatch(/^trouble +it was removed, tried again in 1m$/m);
  });
});

test("nothing in the folder is changed by a look", async () => {
  using state = lab({ workspaces: [WELL], pid: 2 ** 30 });
  writeFileSync(join(state.folder, "bridges", "7.json"), "junk");
  const before = readdirSync(state.folder, { recursive: true });
  await state.run();
  expect(readdirSync(state.folder, { recursive: true })).toEqual(before);
});

test("a stranger's words in a trouble reach no terminal raw", async () => {
  const odd = statusOf({ workspaceId: A, troubles: ["a\u001b[31mb\u202ec"], state: "troubled" });
  using state = lab({ workspaces: [odd] });
  for (const words of [[], [A]]) {
    expect((await state.run(...words)).out).not.toMatch(/[\u001b\u202e]/);
  }
});
