import { expect, test } from "bun:test";
import { lab, NOBODY } from "./lab.ts";

test("tokens are made, listed without themselves, and revoked", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  const path = `/workspaces/${id}/tokens`;
  at.clock.advance(1_000);
  const made = await at.post(path, { token });
  expect(made.status).toBe(201);
  expect(made.body).toEqual({
    auth_token: expect.stringMatching(/^[\w-]{43}$/),
    workspace_id: id,
    message: expect.any(String),
  });
  const fresh = made.body.auth_token;
  const listed = (await at.get(path, { token })).body;
  const now = new Date(at.clock.time).toISOString();
  expect(listed).toEqual({
    tokens: [
      { id: expect.any(String), prefix: fresh.slice(0, 8), created_at: now, last_used_at: null },
      {
        id: expect.any(String),
        prefix: token.slice(0, 8),
        created_at: new Date(at.clock.time - 1_000).toISOString(),
        last_used_at: now,
      },
    ],
    count: 2,
  });
  const page = (await at.get(`${path}?limit=1&offset=1`, { token })).body;
  expect(page).toEqual({ tokens: [listed.tokens[1]], count: 1 });

  const revoke = async (tokenId: string) =>
    at.ask("DELETE", `${path}/${tokenId}`, { token: fresh });
  expect((await revoke(listed.tokens[1].id)).body).toEqual({ status: "revoked" });
  expect((await revoke(listed.tokens[1].id)).status).toBe(404);
  expect((await at.get(path, { token })).status).toBe(401);
  expect((await at.get(path, { token: fresh })).body.count).toBe(1);
});

test("a workspace has at most 50 live tokens: a 429 without Retry-After", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  const path = `/workspaces/${id}/tokens`;
  for (let n = 2; n <= 50; n++) expect((await at.post(path, { token })).status).toBe(201);
  const refused = await at.post(path, { token });
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, null]);
  const { tokens } = (await at.get(`${path}?limit=1`, { token })).body;
  await at.ask("DELETE", `${path}/${tokens[0].id}`, { token });
  expect((await at.post(path, { token })).status).toBe(201);
});

test("another workspace's token can't be revoked, and there is none for nobody", async () => {
  await using at = await lab();
  const otter = await at.member("otter");
  const other = await at.member("other");
  const { body } = await at.get(`/workspaces/${other.id}/tokens`, { token: other.token });
  const path = `/workspaces/${otter.id}/tokens/${body.tokens[0].id}`;
  expect((await at.ask("DELETE", path, { token: otter.token })).status).toBe(404);
  expect((await at.get(`/workspaces/${other.id}/state`, { token: other.token })).status).toBe(200);
  expect((await at.post(`/workspaces/${NOBODY}/tokens`, { token: at.admin })).status).toBe(404);
});

test("rotation kills every older token before it answers (T18)", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  const api = (await at.post(`/workspaces/${id}/tokens`, { token })).body.auth_token;
  const rotated = await at.post(`/workspaces/${id}/external/rotate`, { token });
  expect(rotated.status).toBe(200);
  expect(rotated.body.connection).toMatchObject({
    workspace_id: id,
    platform_url: at.platform.url,
  });
  const fresh = rotated.body.connection.auth_token;
  const status = async (bearer: string) =>
    (await at.get(`/workspaces/${id}/state`, { token: bearer })).status;
  expect([await status(token), await status(api), await status(fresh)]).toEqual([401, 401, 200]);
  const body = { workspace_id: id };
  expect((await at.post("/registry/heartbeat", { token, body })).status).toBe(401);
  const nobody = await at.post(`/workspaces/${NOBODY}/external/rotate`, { token: at.admin });
  expect(nobody.status).toBe(404);
});

test("the database holds no token, only hashes", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  const [row] = at.platform.database.tokens.list(id, 1, 0);
  expect(JSON.stringify(row)).not.toContain(token);
  expect(Object.keys(row ?? {}).sort()).toEqual(["created_at", "id", "last_used_at", "prefix"]);
});
