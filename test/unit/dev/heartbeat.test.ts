import { expect, test } from "bun:test";
import type { WorkspaceStatus } from "../../../src/contract/types.ts";
import { CARD, lab, NOBODY } from "./lab.ts";

const FULL = {
  error_rate: 0.25,
  sample_error: "boom",
  active_tasks: 3,
  uptime_seconds: 99,
  current_task: "digging",
  monthly_spend: 700,
  runtime_state: "",
  runtime_metadata: { capabilities: {} },
};

test("every field is written as sent, and what is left out becomes zero (T16)", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  const beat = (more: object) =>
    at.post("/registry/heartbeat", { token, body: { workspace_id: id, ...more } });
  const listed = async () => (await at.get("/workspaces", { token: at.admin })).body[0];

  at.clock.advance(5_000);
  const answer = await beat(FULL);
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    status: "ok",
    platform_inbound_secret: expect.stringMatching(/^[\w-]{43}$/),
    generation: 0,
  });
  expect(await listed()).toMatchObject({
    last_error_rate: 0.25,
    last_sample_error: "boom",
    active_tasks: 3,
    uptime_seconds: 99,
    current_task: "digging",
    monthly_spend: 700,
    last_heartbeat_at: new Date(at.clock.time).toISOString(),
  });
  await beat({});
  expect(await listed()).toMatchObject({
    last_error_rate: 0,
    last_sample_error: "",
    active_tasks: 0,
    uptime_seconds: 0,
    current_task: "",
    // The one field where nothing means: leave it.
    monthly_spend: 700,
  });
  await beat({ monthly_spend: 10 ** 13 });
  expect((await listed()).monthly_spend).toBe(10 ** 12);
});

test("a card is taken only where there is none", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  const beat = (agent_card: object) =>
    at.post("/registry/heartbeat", { token, body: { workspace_id: id, agent_card } });
  await beat({ name: "first" });
  await beat({ name: "second" });
  expect((await at.show({ id })).agent_card).toEqual({ name: "first" });
});

const managed = { capabilities: { status_mgmt: true } };
test.each<[WorkspaceStatus, object, WorkspaceStatus]>([
  ["awaiting_agent", {}, "online"],
  ["offline", {}, "online"],
  ["provisioning", {}, "online"],
  ["failed", {}, "online"],
  ["paused", {}, "paused"],
  ["hibernated", {}, "hibernated"],
  ["hibernating", {}, "hibernating"],
  ["online", { error_rate: 0.49 }, "online"],
  ["online", { error_rate: 0.5 }, "degraded"],
  ["online", { error_rate: 0.9, runtime_metadata: managed }, "online"],
  ["online", { runtime_state: "wedged" }, "degraded"],
  ["online", { runtime_state: "ok" }, "online"],
  ["degraded", { error_rate: 0.1 }, "degraded"],
  ["degraded", { error_rate: 0.09 }, "online"],
  ["degraded", { error_rate: 0.09, runtime_state: "" }, "online"],
  // T15
  ["degraded", { error_rate: 0, runtime_state: "ok" }, "degraded"],
])("%s and a heartbeat with %j give %s", async (before, more, after) => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  at.platform.database.workspaces.change(id, { status: before });
  await at.post("/registry/heartbeat", { token, body: { workspace_id: id, ...more } });
  expect((await at.show({ id })).status).toBe(after);
});

test.each<[string, unknown, number, string]>([
  ["no id", {}, 400, "invalid request body"],
  ["the register's name for the id", { id: NOBODY }, 400, "invalid request body"],
  ["a rate that is a text", { workspace_id: NOBODY, error_rate: "0" }, 400, "invalid request body"],
  ["half a task", { workspace_id: NOBODY, active_tasks: 0.5 }, 400, "invalid request body"],
  // T23
  ["an id of another kind", { workspace_id: "ws_01" }, 500, "failed to update"],
])("a heartbeat with %s is refused", async (_, body, status, error) => {
  await using at = await lab();
  const answer = await at.post("/registry/heartbeat", { body });
  expect([answer.status, answer.body.error]).toEqual([status, error]);
});

test("an unknown workspace gets 200 and no row (T11)", async () => {
  await using at = await lab();
  const answer = await at.post("/registry/heartbeat", { body: { workspace_id: NOBODY } });
  expect([answer.status, answer.body]).toEqual([200, { status: "ok" }]);
  expect((await at.get(`/workspaces/${NOBODY}`)).status).toBe(404);
});

test("a removed one gets 200 until a register after its end makes a token (T10, T11)", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  await at.remove({ id }, "otter");
  const beat = () => at.post("/registry/heartbeat", { token, body: { workspace_id: id } });
  expect([(await beat()).status, (await beat()).body]).toEqual([200, { status: "ok" }]);
  expect((await at.show({ id })).status).toBe("removed");
  const body = { id, agent_card: CARD, delivery_mode: "poll" };
  await at.post("/registry/register", { body });
  const refused = await beat();
  expect([refused.status, refused.body.error]).toEqual([401, "invalid workspace auth token"]);
});

test("a workspace with a token needs it, and nothing is written without", async () => {
  await using at = await lab();
  const { id } = await at.member("otter");
  const other = await at.member("other");
  for (const token of [undefined, "wrong", other.token, at.admin]) {
    const answer = await at.post("/registry/heartbeat", { token, body: { workspace_id: id } });
    expect(answer.status).toBe(401);
  }
  expect((await at.show({ id })).status).toBe("awaiting_agent");
});
