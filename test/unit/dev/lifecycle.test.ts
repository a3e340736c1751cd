/** Restart and hibernation; pause is in workspaces.test.ts. */
import { expect, test } from "bun:test";
import { CARD, lab, NOBODY, type Lab } from "./lab.ts";

const call = async (at: Lab, path: string, token = at.admin) => {
  const { status, body } = await at.post(`/workspaces/${path}`, { token });
  return [status, body.error ?? body];
};

test("an external workspace is nobody's here to restart, and that is no error (3.1)", async () => {
  await using at = await lab();
  const otter = await at.member("otter", { runtime: "kimi" });
  expect(await call(at, `${otter.id}/restart`, otter.token)).toEqual([
    200,
    { status: "noop", runtime: "kimi", message: expect.any(String) },
  ]);
  expect((await at.show(otter)).status).toBe("awaiting_agent");
  expect((await call(at, `${NOBODY}/restart`))[0]).toBe(404);
});

test("one with another runtime would need a container: 503", async () => {
  await using at = await lab();
  const otter = await at.member("otter");
  at.platform.database.workspaces.change(otter.id, { runtime: "langgraph" });
  expect((await call(at, `${otter.id}/restart`))[0]).toBe(503);
});

test("nothing is restarted below a paused parent", async () => {
  await using at = await lab();
  const root = await at.member("root");
  const child = await at.member("child", { parent_id: root.id });
  await call(at, `${root.id}/pause`);
  expect((await call(at, `${child.id}/restart`))[0]).toBe(409);
  await call(at, `${root.id}/resume`);
  expect((await call(at, `${child.id}/restart`))[0]).toBe(200);
});

test("a workspace that works is put to sleep by force only", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  const body = { workspace_id: id, active_tasks: 2 };
  await at.post("/registry/heartbeat", { token, body });
  const refused = await at.post(`/workspaces/${id}/hibernate`, { token });
  expect([refused.status, refused.body.active_tasks]).toEqual([409, 2]);
  expect((await at.show({ id })).status).toBe("online");
  expect(await call(at, `${id}/hibernate?force=true`)).toEqual([200, { status: "hibernated" }]);
  expect((await at.show({ id })).status).toBe("hibernated");
  expect((await call(at, `${NOBODY}/hibernate`))[0]).toBe(404);
});

test.each([
  ["r1", "online"],
  ["r2", "hibernated"],
] as const)(
  "%s: register leaves a sleeping workspace %s, and resume wakes it",
  async (...given) => {
    const [revision, after] = given;
    await using at = await lab({ revision });
    const { id, token } = await at.member("otter");
    expect(await call(at, `${id}/hibernate`)).toEqual([200, { status: "hibernated" }]);
    const beat = () => at.post("/registry/heartbeat", { token, body: { workspace_id: id } });
    await beat();
    expect((await at.show({ id })).status).toBe("hibernated");
    await at.post("/registry/register", {
      token,
      body: { id, agent_card: CARD, delivery_mode: "poll" },
    });
    expect((await at.show({ id })).status).toBe(after);
    const resumed_count = after === "online" ? 0 : 1;
    expect(await call(at, `${id}/resume`)).toEqual([
      200,
      { status: "provisioning", resumed_count },
    ]);
    await beat();
    expect((await at.show({ id })).status).toBe("online");
  },
);
