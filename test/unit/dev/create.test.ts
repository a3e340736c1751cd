import { expect, test } from "bun:test";
import { CARD, lab, NOBODY, type Lab } from "./lab.ts";

const create = (at: Lab, body: object) => at.post("/workspaces", { token: at.admin, body });

test("an external workspace waits for its agent, and its token is in the answer", async () => {
  await using at = await lab();
  const body = {
    name: "otter",
    external: true,
    runtime: "kimi",
    role: "swims",
    tier: 2,
    workspace_dir: "/srv/otter",
    budget_limit: 500,
    max_concurrent_tasks: 4,
    canvas: { x: 1.5, y: -2 },
  };
  const answer = await create(at, body);
  const { url } = at.platform;
  const { id } = answer.body;
  expect(answer.status).toBe(201);
  expect(answer.body).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    external: true,
    status: "awaiting_agent",
    connection: {
      workspace_id: id,
      platform_url: url,
      auth_token: expect.stringMatching(/^[\w-]{43}$/),
      registry_endpoint: `${url}/registry/register`,
      heartbeat_endpoint: `${url}/registry/heartbeat`,
    },
  });
  const [row] = (await at.get("/workspaces", { token: at.admin })).body;
  const shown = {
    id,
    name: "otter",
    role: "swims",
    tier: 2,
    status: "awaiting_agent",
    url: "",
    parent_id: null,
    active_tasks: 0,
    max_concurrent_tasks: 4,
    last_error_rate: 0,
    uptime_seconds: 0,
    runtime: "kimi",
    agent_card: null,
    x: 1.5,
    y: -2,
    collapsed: false,
    broadcast_enabled: false,
    talk_to_user_enabled: true,
    last_outbound_at: null,
    last_heartbeat_at: null,
  };
  expect(row).toEqual({
    ...shown,
    budget_limit: 500,
    monthly_spend: 0,
    current_task: "",
    last_sample_error: "",
    workspace_dir: "/srv/otter",
  });
  expect((await at.get(`/workspaces/${id}`)).body).toEqual(shown);
});

test("with a url it is online without a token, which the first register brings", async () => {
  await using at = await lab();
  const url = "http://localhost:1/a2a";
  const { body } = await create(at, { name: "otter", external: true, url });
  expect(body).toEqual({ id: expect.any(String), external: true, status: "online" });
  expect(await at.show(body)).toMatchObject({ status: "online", url });
  const register = { id: body.id, agent_card: CARD, url };
  const answer = await at.post("/registry/register", { body: register });
  expect(answer.body).toMatchObject({ delivery_mode: "push", auth_token: expect.any(String) });
});

test("a workspace is push unless it says poll", async () => {
  await using at = await lab();
  const made = [
    await create(at, { name: "a", external: true }),
    await create(at, { name: "b", external: true, delivery_mode: "poll" }),
  ];
  const modes = made.map(({ body }) => at.platform.database.workspaces.find(body.id));
  expect(modes.map((row) => row?.delivery_mode)).toEqual(["push", "poll"]);
});

test("a name that is taken gets a number, one of a removed workspace is free again", async () => {
  await using at = await lab();
  const names = [];
  for (let i = 0; i < 3; i++) names.push((await at.show(await at.member("otter"))).name);
  expect(names).toEqual(["otter", "otter 2", "otter 3"]);
  const [first] = (await at.get("/workspaces", { token: at.admin })).body;
  await at.remove(first, "otter");
  expect((await at.show(await at.member("otter"))).name).toBe("otter");
});

test("when all variants of a name are taken it is a 409", async () => {
  await using at = await lab();
  for (let n = 1; n <= 100; n++) {
    const name = n === 1 ? "otter" : `otter ${n}`;
    at.platform.database.workspaces.insert({ id: crypto.randomUUID(), name, status: "online" });
  }
  expect((await create(at, { name: "otter", external: true })).status).toBe(409);
});

test.each<[object, number]>([
  [{}, 400],
  [{ name: "" }, 400],
  [{ name: "x".repeat(256) }, 400],
  ...[..."{}[]|>*&!"].map((c): [object, number] => [{ name: `a${c}b` }, 400]),
  [{ name: 7 }, 400],
  [{ name: "a", role: "x".repeat(1001) }, 400],
  [{ name: "a", model: "x".repeat(101) }, 400],
  [{ name: "a", runtime: "x".repeat(101) }, 400],
  [{ name: "a", delivery_mode: "pull" }, 400],
  [{ name: "a", workspace_dir: "here" }, 400],
  [{ name: "a", parent_id: NOBODY }, 400],
  [{ name: "a", max_concurrent_tasks: 0 }, 400],
  [{ name: "a", url: "http://10.0.0.1/" }, 400],
  [{ name: "a", budget_limit: "1" }, 400],
  [{ name: "a", external: false }, 422],
  [{ name: "a", runtime: "langgraph" }, 422],
])("creating with %j is a %i", async (body, status) => {
  await using at = await lab();
  expect((await create(at, { external: true, ...body })).status).toBe(status);
  expect((await at.get("/workspaces", { token: at.admin })).body).toEqual([]);
});
