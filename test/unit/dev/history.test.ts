/** What has happened, asked for afterwards (3.6). */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lookUntil } from "../../harness/wait.ts";
import { CARD, lab, NOBODY, type Lab } from "./lab.ts";

const names = (body: any[]) => body.map((event) => event.event_type ?? event.operation);

async function events(at: Lab, id = ""): Promise<any[]> {
  return (await at.get(`/events${id && `/${id}`}`, { token: at.admin })).body;
}

test("the newest events about workspaces are listed, of all or of one", async () => {
  await using at = await lab();
  const ada = await at.member("ada");
  const ben = await at.member("ben");
  at.clock.advance(1_000);
  await at.post(`/workspaces/${ada.id}/pause`, { token: ada.token });
  await at.send("canvas", ada, "daily life is no event");
  await at.post("/registry/heartbeat", { token: ada.token, body: { workspace_id: ada.id } });
  const all = await events(at);
  expect(names(all)).toEqual([
    "WORKSPACE_PAUSED",
    "WORKSPACE_AWAITING_AGENT",
    "WORKSPACE_AWAITING_AGENT",
  ]);
  expect(all[0]).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    event_type: "WORKSPACE_PAUSED",
    workspace_id: ada.id,
    payload: { workspace_id: ada.id, status: "paused" },
    created_at: new Date(at.clock.time).toISOString(),
  });
  expect(all[1]).toMatchObject({ workspace_id: ben.id, payload: { name: "ben", created: true } });
  expect(await events(at, ben.id.toUpperCase())).toEqual([all[1]]);
  expect(await events(at, NOBODY)).toEqual([]);
  for (let n = 0; n < 100; n++) at.platform.database.events.add(ada.id, "WORKSPACE_ONLINE", {});
  expect(await events(at)).toHaveLength(100);
});

test("a workspace that stays paused or removed is not told to be online", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  const register = { id, agent_card: CARD, delivery_mode: "poll" };
  const card = { workspace_id: id, agent_card: CARD };
  await at.post(`/workspaces/${id}/pause`, { token });
  await at.post("/registry/register", { token, body: register });
  await at.remove({ id }, "otter");
  await at.post("/registry/update-card", { body: card });
  await at.post("/registry/update-card", { body: { ...card, workspace_id: NOBODY } });
  await at.post("/registry/register", { body: register });
  expect(names(await events(at))).toEqual([
    "WORKSPACE_REMOVED",
    "WORKSPACE_PAUSED",
    "WORKSPACE_AWAITING_AGENT",
  ]);
});

test("the audit of a workspace has its life from the start, also after its end", async () => {
  await using at = await lab();
  const { id } = await at.member("otter");
  const start = at.clock.time;
  for (const path of ["external/rotate", "pause", "resume"]) {
    at.clock.advance(1_000);
    await at.post(`/workspaces/${id}/${path}`, { token: at.admin });
  }
  const audit = async (query = "") =>
    (await at.get(`/workspaces/${id}/audit${query}`, { token: at.admin })).body;
  const whole = await audit();
  const operations = [
    "WORKSPACE_PROVISIONING",
    "WORKSPACE_PAUSED",
    "EXTERNAL_CREDENTIALS_ROTATED",
    "WORKSPACE_AWAITING_AGENT",
  ];
  expect([names(whole.events), whole.total, whole.chain_valid]).toEqual([operations, 4, true]);
  expect(whole.events[3]).toEqual({
    id: expect.any(String),
    timestamp: new Date(start).toISOString(),
    operation: "WORKSPACE_AWAITING_AGENT",
    workspace_id: id,
    agent_id: id,
    session_id: null,
    payload: { workspace_id: id, status: "awaiting_agent", name: "otter", created: true },
    previous_hash: "",
    hash: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(whole.events[2].previous_hash).toBe(whole.events[3].hash);

  const page = async (query: string) => {
    const { events, total } = await audit(query);
    return [names(events), total];
  };
  const time = (seconds: number) => new Date(start + seconds * 1_000).toISOString();
  expect(await page("?limit=1&offset=1")).toEqual([operations.slice(1, 2), 4]);
  expect(await page(`?from=${time(1)}&to=${time(2)}`)).toEqual([operations.slice(1, 3), 2]);
  expect(await page(`?agent_id=${id.toUpperCase()}`)).toEqual([operations, 4]);
  expect(await page(`?agent_id=${NOBODY}`)).toEqual([[], 0]);
  expect(await page("?session_id=s")).toEqual([[], 0]);
  expect((await audit("?from=yesterday")).error).toContain("from");

  await at.delete(`/workspaces/${id}?purge=true`, {
    token: at.admin,
    headers: { "x-confirm-name": "otter" },
  });
  expect(names((await audit()).events)).toEqual(["WORKSPACE_REMOVED", ...operations]);
  const nobody = await at.get(`/workspaces/${NOBODY}/audit`, { token: at.admin });
  expect(nobody.body).toEqual({ events: [], total: 0, chain_valid: true });
});

test.each([
  ["UPDATE events SET payload = '{}' WHERE event_type = 'WORKSPACE_PAUSED'", false],
  ["UPDATE events SET created_at = created_at + 1 WHERE event_type = 'WORKSPACE_PAUSED'", false],
  ["DELETE FROM events WHERE event_type = 'WORKSPACE_PAUSED'", false],
  ["DELETE FROM events WHERE payload LIKE '%other%'", true],
])("after %s the chain is valid: %p", async (sql, valid) => {
  const folder = await mkdtemp(join(tmpdir(), "molecule-test-"));
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const db = join(folder, "dev.db");
  await using at = await lab({ db });
  const otter = await at.member("otter");
  await at.member("other");
  for (const path of ["pause", "resume"]) {
    await at.post(`/workspaces/${otter.id}/${path}`, { token: otter.token });
  }
  const chain = async () =>
    (await at.get(`/workspaces/${otter.id}/audit?limit=1`, { token: otter.token })).body;
  expect((await chain()).chain_valid).toBe(true);
  const sqlite = new Database(db);
  expect(sqlite.run(sql).changes).toBe(1);
  sqlite.close();
  expect((await chain()).chain_valid).toBe(valid);
});

test("the platform's own loops say when they last came round", async () => {
  await using at = await lab({ sweepEveryMs: 10_000 });
  const liveness = async () => (await at.get("/admin/liveness", { token: at.admin })).body;
  await lookUntil(() => at.clock.sleepers === 1);
  const start = new Date(at.clock.time).toISOString();
  at.clock.advance(4_500);
  const alive = { last_tick_at: start, seconds_ago: 4 };
  expect(await liveness()).toEqual({
    subsystems: { "agent-liveness": alive, "pending-uploads": alive },
  });
  at.clock.advance(5_500);
  await lookUntil(async () => (await liveness()).subsystems["agent-liveness"].seconds_ago === 0);
});
