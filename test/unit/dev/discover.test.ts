import { expect, test } from "bun:test";
import { lab, NOBODY, type Ask } from "./lab.ts";

test("an address is told to a workspace that may reach it and shows its token (2.9)", async () => {
  await using at = await lab();
  const root = await at.member("root");
  const child = await at.member("child", { parent_id: root.id });
  const twin = await at.member("twin", { parent_id: root.id });
  const gone = await at.member("gone", { parent_id: root.id });
  const stranger = await at.member("stranger");
  await at.remove(gone, "gone");
  const url = "http://localhost:9/a2a";
  const body = { id: twin.id, agent_card: {}, delivery_mode: "poll", url };
  await at.post("/registry/register", { token: twin.token, body });

  const discover = async (target: string, ask: Ask) => {
    const answer = await at.get(`/registry/discover/${target}`, ask);
    return [answer.status, answer.body.error ?? answer.body];
  };
  const as = (id: string) => ({ "x-workspace-id": id });
  const child_ = { token: child.token, headers: as(child.id.toUpperCase()) };
  expect(await discover(twin.id, child_)).toEqual([200, { id: twin.id, url, name: "twin" }]);
  expect(await discover(root.id, child_)).toEqual([503, "workspace has no URL"]);
  expect(await discover(gone.id, child_)).toEqual([404, "workspace not found"]);
  expect((await discover(NOBODY, child_))[0]).toBe(403);
  expect((await discover(stranger.id, child_))[0]).toBe(403);
  expect((await discover(twin.id, { token: child.token }))[0]).toBe(400);
  expect((await discover(twin.id, { headers: as(child.id) }))[0]).toBe(401);
  expect((await discover(twin.id, { token: twin.token, headers: as(child.id) }))[0]).toBe(401);
  expect((await discover(twin.id, { token: at.admin, headers: as(child.id) }))[0]).toBe(401);
});

test("anyone may ask who may reach whom", async () => {
  await using at = await lab();
  const root = await at.member("root");
  const child = await at.member("child", { parent_id: root.id });
  const grandchild = await at.member("grandchild", { parent_id: child.id });
  const other = await at.member("other");
  const ask = async (body: unknown) => {
    const answer = await at.post("/registry/check-access", { body });
    return answer.status === 200 ? answer.body : answer.status;
  };
  const allowed = (caller_id: string, target_id: string) => ask({ caller_id, target_id });
  expect(await allowed(root.id, grandchild.id)).toEqual({ allowed: true });
  expect(await allowed(grandchild.id, root.id.toUpperCase())).toEqual({ allowed: true });
  expect(await allowed(root.id, other.id)).toEqual({ allowed: true });
  expect(await allowed(child.id, other.id)).toEqual({ allowed: false });
  expect(await allowed(child.id, NOBODY)).toEqual({ allowed: false });
  expect(await ask({ caller_id: root.id })).toBe(400);
  expect(await ask({ caller_id: root.id, target_id: 1 })).toBe(400);
  expect(await ask([])).toBe(400);
});

test("a card is replaced as it comes, with the workspace's own token only", async () => {
  await using at = await lab();
  const otter = await at.member("otter");
  const update = async (body: unknown, token?: string) => {
    const answer = await at.post("/registry/update-card", { token, body });
    return [answer.status, answer.body.error ?? answer.body];
  };
  const body = { workspace_id: otter.id, agent_card: { name: otter.id, skills: [1] } };
  expect(await update(body, otter.token)).toEqual([200, { status: "updated" }]);
  expect((await at.show(otter)).agent_card).toEqual(body.agent_card);
  const other = { workspace_id: otter.id, agent_card: { name: "other" } };
  for (const token of [undefined, "wrong", at.admin, await at.orgToken()]) {
    expect((await update(other, token))[0]).toBe(401);
  }
  expect((await at.show(otter)).agent_card).toEqual(body.agent_card);
  expect((await update({ workspace_id: otter.id }, otter.token))[0]).toBe(400);
  expect((await update({ agent_card: {} }, otter.token))[0]).toBe(400);
  expect((await update({ workspace_id: "ws_1", agent_card: {} }))[0]).toBe(500);
});
