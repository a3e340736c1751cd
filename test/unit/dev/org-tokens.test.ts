import { expect, test } from "bun:test";
import { CARD, lab, messageSend, type Lab } from "./lab.ts";

const make = (at: Lab, body?: unknown) => at.post("/org/tokens", { token: at.admin, body });

test("tokens of the organisation are made, listed without themselves, and revoked (3.4)", async () => {
  await using at = await lab();
  const made = await make(at, { name: "ci" });
  expect(made.status).toBe(200);
  expect(made.body).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    prefix: made.body.auth_token.slice(0, 8),
    name: "ci",
    auth_token: expect.stringMatching(/^[\w-]{43}$/),
    warning: expect.any(String),
  });
  const { id, prefix, auth_token: token } = made.body;
  at.clock.advance(1_000);
  const created_at = new Date(at.clock.time - 1_000).toISOString();
  const last_used_at = new Date(at.clock.time).toISOString();
  const listed = await at.get("/org/tokens", { token });
  expect(listed.body).toEqual({
    tokens: [{ id, name: "ci", prefix, created_at, last_used_at }],
    count: 1,
  });
  expect((await at.delete(`/org/tokens/${id}`, { token })).body).toEqual({ revoked: id });
  expect((await at.get("/org/tokens", { token })).status).toBe(401);
  expect((await at.delete(`/org/tokens/${id}`, { token: at.admin })).status).toBe(404);
  expect((await at.get("/org/tokens", { token: at.admin })).body).toEqual({ tokens: [], count: 0 });
});

test("a name is not needed, and not long", async () => {
  await using at = await lab();
  expect((await make(at)).body.name).toBe("");
  expect((await make(at, {})).body.name).toBe("");
  expect((await make(at, { name: "x".repeat(100) })).status).toBe(200);
  expect((await make(at, { name: "x".repeat(101) })).status).toBe(400);
  expect((await make(at, { name: 1 })).status).toBe(400);
  expect((await make(at, [])).status).toBe(400);
});

test("ten can be made in an hour, revoked ones included", async () => {
  await using at = await lab();
  for (let n = 1; n <= 10; n++) {
    const { status, body } = await make(at);
    expect(status).toBe(200);
    await at.delete(`/org/tokens/${body.id}`, { token: at.admin });
  }
  expect((await make(at)).status).toBe(429);
  at.clock.advance(60 * 60_000);
  expect((await make(at)).status).toBe(200);
});

test.each(["r1", "r2"] as const)("%s: such a token speaks as the canvas user", async (revision) => {
  await using at = await lab({ revision });
  const token = await at.orgToken();
  const agent = await at.member("agent");
  const body = messageSend("hello");
  expect((await at.post(`/workspaces/${agent.id}/a2a`, { token, body })).status).toBe(200);
  expect(await at.feed({ id: agent.id, token })).toMatchObject([{ source_id: null }]);
});

test.each(["r1", "r2"] as const)("%s: it is none of an agent (1.4)", async (revision) => {
  await using at = await lab({ revision });
  const token = await at.orgToken();
  const { id } = await at.member("agent");
  const register = { id, agent_card: CARD, delivery_mode: "poll" };
  const answers = [
    await at.post("/registry/register", { token, body: register }),
    await at.post("/registry/heartbeat", { token, body: { workspace_id: id } }),
    await at.get(`/workspaces/${id}/state`, { token }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401]);
});

test("revision 2 has administrators make tokens of a workspace at a path of its own", async () => {
  await using at = await lab();
  const { id } = await at.member("agent");
  const made = await at.post(`/admin/workspaces/${id}/tokens`, { token: at.admin });
  expect(made.status).toBe(201);
  expect(made.body.workspace_id).toBe(id);
  const token = made.body.auth_token;
  expect((await at.get(`/workspaces/${id}/state`, { token })).status).toBe(200);
  await using old = await lab({ revision: "r1" });
  const ask = { token: old.admin };
  const there = await old.member("agent");
  expect((await old.post(`/admin/workspaces/${there.id}/tokens`, ask)).status).toBe(404);
});
