import { expect, test } from "bun:test";
import { lab, NOBODY } from "./lab.ts";

test("showing a workspace tells why a token is refused (2.8)", async () => {
  await using at = await lab();
  const otter = await at.member("otter");
  const show = async (path: string) => {
    const { status, body } = await at.get(`/workspaces/${path}`);
    return [status, body.error];
  };
  expect(await show("otter")).toEqual([400, "invalid workspace ID"]);
  expect(await show(NOBODY)).toEqual([404, "workspace not found"]);
  expect(await show(otter.id.toUpperCase())).toEqual([200, undefined]);
  await at.remove(otter, "otter");
  expect((await at.get(`/workspaces/${otter.id}`)).body).toEqual({
    error: "workspace removed",
    id: otter.id,
    removed_at: new Date(at.clock.time).toISOString(),
    hint: expect.any(String),
  });
  expect(await show(otter.id)).toEqual([410, "workspace removed"]);
  expect(await show(`${otter.id}?include_removed=true`)).toEqual([200, undefined]);
  expect((await at.get("/workspaces", { token: at.admin })).body).toEqual([]);
});

test("the state is for the workspace alone and says whether it is paused", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  const state = async () => (await at.get(`/workspaces/${id}/state`, { token })).body;
  expect(await state()).toEqual({
    workspace_id: id,
    status: "awaiting_agent",
    paused: false,
    deleted: false,
  });
  await at.post(`/workspaces/${id}/pause`, { token });
  expect(await state()).toMatchObject({ status: "paused", paused: true });
  expect((await at.get(`/workspaces/${id}/state`, { token: at.admin })).status).toBe(401);
});

test("pause reaches the children, and resume brings them back with the next heartbeat", async () => {
  await using at = await lab();
  const root = await at.member("root");
  const child = await at.member("child", { parent_id: root.id });
  const grandchild = await at.member("grandchild", { parent_id: child.id });
  const call = async (path: string) => {
    const { status, body } = await at.post(`/workspaces/${path}`, { token: at.admin });
    return [status, body];
  };
  expect(await call(`${root.id}/pause`)).toEqual([200, { status: "paused", paused_count: 3 }]);
  expect((await at.show(grandchild)).status).toBe("paused");
  expect((await call(`${child.id}/resume`))[0]).toBe(409);
  expect(await call(`${root.id}/resume`)).toEqual([
    200,
    { status: "provisioning", resumed_count: 3 },
  ]);
  const body = { workspace_id: child.id };
  await at.post("/registry/heartbeat", { token: child.token, body });
  expect((await at.show(child)).status).toBe("online");
  expect((await call(`${NOBODY}/pause`))[0]).toBe(404);
});

test("abilities are switched by an administrator", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  const patch = async (path: string, body: unknown, bearer = at.admin) =>
    (await at.ask("PATCH", `/workspaces/${path}/abilities`, { token: bearer, body })).status;
  expect(await patch(id, { broadcast_enabled: true, talk_to_user_enabled: false })).toBe(200);
  expect(await at.show({ id })).toMatchObject({
    broadcast_enabled: true,
    talk_to_user_enabled: false,
  });
  expect(await patch(id, {})).toBe(400);
  expect(await patch(id, { broadcast_enabled: "yes" })).toBe(400);
  expect(await patch(NOBODY, { broadcast_enabled: true })).toBe(404);
  expect(await patch(id, { broadcast_enabled: false }, token)).toBe(401);
});

test("a workspace is removed only by its name, and its tokens die with it (T10)", async () => {
  await using at = await lab();
  const otter = await at.member("Müller 日本");
  const remove = async (id: string, headers = {}, query = "") => {
    const ask = { token: at.admin, headers };
    const { status, body } = await at.ask("DELETE", `/workspaces/${id}${query}`, ask);
    return [status, body.error ?? body];
  };
  const unconfirmed = [400, "destructive_action_requires_confirmation"];
  expect(await remove(otter.id)).toEqual(unconfirmed);
  expect(await remove(otter.id, { "x-confirm-name": "otter" })).toEqual(unconfirmed);
  expect((await remove(NOBODY, { "x-confirm-name": "otter" }))[0]).toBe(404);
  expect((await remove("otter", { "x-confirm-name": "otter" }))[0]).toBe(404);
  const name = Buffer.from("Müller 日本").toString("latin1");
  expect(await remove(otter.id, { "x-confirm-name": name })).toEqual([
    200,
    { status: "removed", cascade_deleted: 0 },
  ]);
  expect((await remove(otter.id, { "x-confirm-name": name }))[0]).toBe(410);
  const feed = await at.get(`/workspaces/${otter.id}/activity`, { token: otter.token });
  expect([feed.status, feed.body.error]).toEqual([401, "invalid workspace auth token"]);
});

test("children go too, if that is confirmed; a purge leaves nothing", async () => {
  await using at = await lab();
  const root = await at.member("root");
  const child = await at.member("child", { parent_id: root.id });
  await at.send(child, root, "hello");
  const headers = { "x-confirm-name": "root" };
  const remove = (query: string) =>
    at.ask("DELETE", `/workspaces/${root.id}${query}`, { token: at.admin, headers });
  const asked = await remove("");
  expect([asked.status, asked.body.error]).toEqual([409, "confirmation_required"]);
  expect((await remove("?confirm=true")).body).toEqual({ status: "removed", cascade_deleted: 1 });
  expect((await at.show(child)).status).toBe("removed");
  expect((await at.get(`/workspaces/${child.id}/state`, { token: child.token })).status).toBe(401);
  expect((await remove("?purge=true")).body).toEqual({ status: "purged", cascade_deleted: 0 });
  expect((await at.get(`/workspaces/${root.id}`)).status).toBe(404);
});

test("peers are parent, siblings and children; at the top there are no siblings (2.9, R2)", async () => {
  await using at = await lab();
  const root = await at.member("root");
  await at.member("other root");
  const child = await at.member("child", { parent_id: root.id });
  const twin = await at.member("twin", { parent_id: root.id, role: "Copies" });
  const grandchild = await at.member("grandchild", { parent_id: child.id });
  const gone = await at.member("gone", { parent_id: root.id });
  await at.remove(gone, "gone");
  const peers = async ({ id, token }: typeof root, query = "") =>
    (await at.get(`/registry/${id}/peers${query}`, { token })).body.map((row: any) => row.name);
  expect(await peers(root)).toEqual(["child", "twin"]);
  expect(await peers(child)).toEqual(["root", "twin", "grandchild"]);
  expect(await peers(child, "?q=COP")).toEqual(["twin"]);
  expect(await peers(grandchild)).toEqual(["child"]);
  const answer = await at.get(`/registry/${child.id}/peers?q=twin`, { token: at.admin });
  expect(answer.body).toEqual([
    {
      id: twin.id,
      name: "twin",
      role: "Copies",
      tier: 1,
      status: "awaiting_agent",
      url: "",
      parent_id: root.id,
      active_tasks: 0,
      agent_card: null,
    },
  ]);
  const path = `/registry/${child.id}/peers`;
  expect((await at.get(path, { token: root.token })).status).toBe(401);
  expect((await at.get(`/registry/${NOBODY}/peers`, { token: at.admin })).status).toBe(404);
});
