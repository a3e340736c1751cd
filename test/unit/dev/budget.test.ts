import { expect, test } from "bun:test";
import { lab, NOBODY, type Ask } from "./lab.ts";

test("the budget is shown to the workspace and changed by an administrator (3.6)", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  const path = `/workspaces/${id}/budget`;
  const none = { budget_limit: null, monthly_spend: 0, budget_remaining: null };
  expect((await at.get(path, { token })).body).toEqual(none);
  const beat = { workspace_id: id, monthly_spend: 300 };
  await at.post("/registry/heartbeat", { token, body: beat });
  const change = async (ask: Ask) => {
    const { status, body } = await at.patch(path, { token: at.admin, ...ask });
    return status === 200 ? body : status;
  };
  const some = { budget_limit: 1_000, monthly_spend: 300, budget_remaining: 700 };
  expect(await change({ body: { budget_limit: 1_000 } })).toEqual(some);
  expect((await at.get(path, { token })).body).toEqual(some);
  for (const budget_limit of [-1, 1.5, "1000", true, undefined]) {
    expect(await change({ body: { budget_limit } })).toBe(400);
  }
  expect(await change({ body: { budget_limit: 0 }, token })).toBe(401);
  expect((await at.get(path, { token })).body).toEqual(some);
  const spent = { ...none, monthly_spend: 300 };
  expect(await change({ body: { budget_limit: null } })).toEqual(spent);
  const nobody = `/workspaces/${NOBODY}/budget`;
  expect((await at.get(nobody, { token: at.admin })).status).toBe(404);
});

test("what is spent is refused from then on (2.4.3)", async () => {
  await using at = await lab();
  const otter = await at.member("otter");
  await at.patch(`/workspaces/${otter.id}/budget`, { token: at.admin, body: { budget_limit: 0 } });
  expect((await at.send("canvas", otter, "work")).status).toBe(402);
});
