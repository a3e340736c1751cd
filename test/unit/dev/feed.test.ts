import { expect, test } from "bun:test";
import { LONGEST_DELAY_MS } from "../../../src/dev/feed.ts";
import { systemClock } from "../../../src/shared/clock.ts";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lab, type Lab } from "./lab.ts";
import { lookUntil } from "../../harness/wait.ts";

const textOf = (row: any): string => row.request_body.params.message.parts[0].text;

/** The answers of `random`, one after the other, and then none is late. */
function late(...rolls: number[]) {
  return { share: 0.5, maxMs: 1_000, random: () => rolls.shift() ?? 1 };
}

/** Waits until the row of a request that is not answered yet has its place. */
async function underWay(at: Lab, before: number): Promise<void> {
  await lookUntil(() => at.clock.sleepers === before + 1);
}

test.each(["r1", "r2"] as const)(
  "%s: a late row keeps its time, and a cursor passes it by",
  async (revision) => {
    await using at = await lab({ revision, lateCommits: late(0.4, 0.5) });
    const agent = await at.member("agent");
    const before = at.clock.sleepers;
    const slow = at.send("canvas", agent, "slow");
    await underWay(at, before);
    at.clock.advance(100);
    await at.send("canvas", agent, "quick");
    const seen = await at.feed(agent);
    expect(seen.map(textOf)).toEqual(["quick"]);
    at.clock.advance(399);
    expect(await at.feed(agent)).toHaveLength(1);
    at.clock.advance(1);
    expect((await slow).body.status).toBe("queued");
    const rows = await at.feed(agent);
    expect(rows.map(textOf)).toEqual(["quick", "slow"]);
    expect(rows.map((row) => row.created_at)).toEqual([
      "2026-01-01T00:00:00.1Z",
      "2026-01-01T00:00:00Z",
    ]);
    expect(rows.map((row) => row.seq)).toEqual(revision === "r2" ? [2, 1] : [undefined, undefined]);
    expect(await at.feed(agent, `?since_id=${seen[0].id}`)).toEqual([]);
  },
);

test("nobody is told that a late row is stored before it is, nor of a cursor that it would be", async () => {
  await using at = await lab({ lateCommits: late(0, 0.999, 0, 0.999, 0, 0.999) });
  const { id, token } = await at.member("agent");
  const before = at.clock.sleepers;
  const answered: string[] = [];
  const ask = async (path: string, body: object) => {
    await at.post(`/workspaces/${id}/${path}`, { token, body });
    answered.push(path);
  };
  const all = [
    ask("notify", { message: "hello" }),
    ask("activity", { activity_type: "agent_log" }),
    at.send("canvas", { id }, "hello").then(() => answered.push("a2a")),
  ];
  await lookUntil(() => at.clock.sleepers === before + 3);
  expect(await at.feed({ id, token })).toEqual([]);
  expect(answered).toEqual([]);
  at.clock.advance(1_000);
  await Promise.all(all);
  expect(await at.feed({ id, token })).toHaveLength(3);
});

test("a message that is sent again while its row is under way waits for it", async () => {
  await using at = await lab({ lateCommits: late(0, 0.5) });
  const agent = await at.member("agent");
  const ada = await at.member("ada");
  const before = at.clock.sleepers;
  const first = at.send(ada, agent, "first", "same");
  await underWay(at, before);
  let answered = false;
  const again = at.send(ada, agent, "again", "same").then(() => (answered = true));
  // Another message after it in the queue is through; the repeated one had its chance.
  await at.send(ada, agent, "other", "other");
  expect((await at.feed(agent)).map(textOf)).toEqual(["other"]);
  expect(answered).toBe(false);
  at.clock.advance(1_000);
  await Promise.all([first, again]);
  expect((await at.feed(agent)).map(textOf)).toEqual(["other", "first"]);
});

test("no row is later than five seconds, whatever is asked for", async () => {
  const lateCommits = { share: 1, maxMs: 3_600_000, random: () => 0.999 };
  await using at = await lab({ lateCommits });
  const agent = await at.member("agent");
  const before = at.clock.sleepers;
  const slow = at.send("canvas", agent, "slow");
  await underWay(at, before);
  at.clock.advance(LONGEST_DELAY_MS);
  await slow;
  expect(LONGEST_DELAY_MS).toBe(5_000);
});

test("what is under way is written when the platform stops", async () => {
  const folder = await mkdtemp(join(tmpdir(), "molecule-test-"));
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const db = join(folder, "dev.db");
  const at = await lab({ db, lateCommits: late(0, 0.5) });
  const agent = await at.member("agent");
  const before = at.clock.sleepers;
  const slow = at.send("canvas", agent, "slow").catch(() => {});
  await underWay(at, before);
  await at.send("canvas", agent, "quick");
  await at.platform.stop();
  await slow;
  await using again = await lab({ db });
  const rows = await again.feed(agent);
  expect(rows.map((row) => [textOf(row), row.seq])).toEqual([
    ["quick", 2],
    ["slow", 1],
  ]);
});

test("rows of one transaction share an instant, on a clock that runs, and later ones do not", async () => {
  await using at = await lab({ clock: systemClock });
  const agent = await at.member("agent");
  const { database } = at.platform;
  const add = () => {
    const from = systemClock.monotonic();
    // Longer than the clock's smallest step, so that only the transaction makes them equal.
    while (systemClock.monotonic() < from + 2);
    database.activities.add({ workspace_id: agent.id, activity_type: "agent_log", status: "ok" });
  };
  database.transaction(() => {
    add();
    database.transaction(add);
  });
  add();
  const times = (await at.feed(agent)).map((row) => row.created_at);
  expect(times[1]).toBe(times[2]);
  expect(times[0] > times[1]).toBe(true);
});
