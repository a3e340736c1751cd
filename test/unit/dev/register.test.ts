import { expect, test } from "bun:test";
import { CARD, lab, NOBODY } from "./lab.ts";

test("a registered poll workspace is online and has a card with its own name", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter", { role: "swims" });
  expect((await at.show({ id })).status).toBe("awaiting_agent");
  const body = { id, agent_card: { name: id, version: "1" }, delivery_mode: "poll" };
  const answer = await at.post("/registry/register", { token, body });
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    status: "registered",
    delivery_mode: "poll",
    platform_inbound_secret: expect.stringMatching(/^[\w-]{43}$/),
  });
  const shown = await at.show({ id });
  expect(shown.status).toBe("online");
  expect(shown.agent_card).toEqual({
    name: "otter",
    description: "otter",
    role: "swims",
    version: "1",
  });
  expect(shown.last_heartbeat_at).toBe(new Date(at.clock.time).toISOString());
});

test("a card that says more keeps it, and each register replaces the last", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  const register = (agent_card: object) =>
    at.post("/registry/register", { token, body: { id, agent_card, delivery_mode: "poll" } });
  await register({ name: "Mine", description: "Does things", extra: 1 });
  expect((await at.show({ id })).agent_card).toEqual({
    name: "Mine",
    description: "Does things",
    extra: 1,
  });
  await register({ name: "Other" });
  expect((await at.show({ id })).agent_card).toEqual({ name: "Other", description: "Other" });
});

const id = NOBODY;
const poll = "poll";
test.each<[string, unknown, number, string | RegExp]>([
  ["no id", { agent_card: CARD, delivery_mode: poll }, 400, "invalid request body"],
  ["no card", { id, delivery_mode: poll }, 400, "invalid request body"],
  ["a card that is a text", { id, agent_card: "x", delivery_mode: poll }, 400, /body/],
  ["an id that is a number", { id: 7, agent_card: CARD }, 400, "invalid request body"],
  ["a list", [], 400, "invalid request body"],
  ["another mode", { id, agent_card: CARD, delivery_mode: "pull" }, 400, /^delivery_mode must be/],
  // T12: without a mode a new workspace is push, and push needs an address.
  ["no mode", { id, agent_card: CARD }, 400, "url is required for push-mode workspaces"],
  ["push, no url", { id, agent_card: CARD, delivery_mode: "push" }, 400, /^url is required/],
  ["push to the inside", { id, agent_card: CARD, url: "http://10.0.0.1/" }, 400, /routable/],
  ["push to a file", { id, agent_card: CARD, url: "file:///etc/hosts" }, 400, /http/],
  [
    "a card with an inner url",
    { id, agent_card: { url: "http://169.254.169.254/" }, delivery_mode: poll },
    400,
    /^agent_card.url/,
  ],
  // T23
  ["an id of another kind", { id: "ws_01", agent_card: CARD, delivery_mode: poll }, 500, /failed/],
])("register with %s is refused", async (_, body, status, error) => {
  await using at = await lab();
  const answer = await at.post("/registry/register", { body });
  expect([answer.status, answer.body.error]).toEqual([
    status,
    typeof error === "string" ? error : expect.stringMatching(error),
  ]);
  expect((await at.get(`/workspaces/${NOBODY}`)).status).toBe(404);
});

test("a body that is not JSON is a 400", async () => {
  await using at = await lab();
  for (const raw of ["", "{", "nonsense", "[".repeat(200_000)]) {
    const answer = await at.post("/registry/register", { raw });
    expect([answer.status, answer.body.error]).toEqual([400, "invalid request body"]);
  }
});

test("an unknown UUID becomes a workspace named after its id, and is given a token once", async () => {
  await using at = await lab();
  const body = { id: NOBODY.toUpperCase(), agent_card: CARD, delivery_mode: "poll" };
  const first = await at.post("/registry/register", { body });
  expect(first.status).toBe(200);
  const token = first.body.auth_token;
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(await at.show({ id: NOBODY })).toMatchObject({ name: NOBODY, status: "online" });
  expect((await at.post("/registry/register", { body })).status).toBe(401);
  const again = await at.post("/registry/register", { body, token });
  expect(again.status).toBe(200);
  expect(again.body.auth_token).toBeUndefined();
  expect(again.body.platform_inbound_secret).toBe(first.body.platform_inbound_secret);
});

test("a workspace with an instance token is registered with a token of its own only", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  const other = await at.member("other");
  const body = { id, agent_card: CARD, delivery_mode: "poll" };
  const register = async (bearer?: string) => {
    const answer = await at.post("/registry/register", { token: bearer, body });
    return [answer.status, answer.body.error];
  };
  expect(await register()).toEqual([401, "missing workspace auth token"]);
  expect(await register("wrong")).toEqual([401, "invalid workspace auth token"]);
  expect(await register(other.token)).toEqual([401, "invalid workspace auth token"]);
  expect(await register(at.admin)).toEqual([401, "invalid workspace auth token"]);
  expect(await register(token)).toEqual([200, undefined]);
});

test("tokens of kind api do not close the bootstrap, but open the door", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  const minted = await at.post(`/workspaces/${id}/tokens`, { token });
  const api = minted.body.auth_token;
  const body = { id, agent_card: CARD, delivery_mode: "poll" };
  expect((await at.post("/registry/register", { token: api, body })).status).toBe(200);
  const listed = await at.get(`/workspaces/${id}/tokens`, { token: api });
  const instance = listed.body.tokens.find((row: any) => token.startsWith(row.prefix));
  await at.ask("DELETE", `/workspaces/${id}/tokens/${instance.id}`, { token: api });
  const open = await at.post("/registry/register", { body });
  expect(open.status).toBe(200);
  expect(open.body.auth_token).toMatch(/^[\w-]{43}$/);
});

test("the stored mode holds where register names none; poll without a url clears the address", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  const register = (more: object) =>
    at.post("/registry/register", { token, body: { id, agent_card: CARD, ...more } });
  expect((await register({})).body.delivery_mode).toBe("poll");
  const url = "http://localhost:1/a2a";
  expect((await register({ delivery_mode: "push", url })).body.delivery_mode).toBe("push");
  expect((await at.show({ id })).url).toBe(url);
  expect((await register({})).body.error).toBe("url is required for push-mode workspaces");
  expect((await register({ url })).body.delivery_mode).toBe("push");
  await register({ delivery_mode: "poll" });
  expect((await at.show({ id })).url).toBe("");
});

test.each(["paused", "hibernated"] as const)(
  "register leaves a %s workspace so",
  async (status) => {
    await using at = await lab();
    const { id, token } = await at.member("otter");
    at.platform.database.workspaces.change(id, { status });
    const body = { id, agent_card: CARD, delivery_mode: "poll" };
    expect((await at.post("/registry/register", { token, body })).status).toBe(200);
    expect((await at.show({ id })).status).toBe(status);
  },
);

test("a removed workspace registers with 200 and is given a token that opens nothing (T10)", async () => {
  await using at = await lab();
  const { id, token } = await at.member("otter");
  await at.remove({ id }, "otter");
  const body = { id, agent_card: CARD, delivery_mode: "poll" };
  const answer = await at.post("/registry/register", { token, body });
  expect(answer.status).toBe(200);
  const useless = answer.body.auth_token;
  expect(useless).toMatch(/^[\w-]{43}$/);
  expect((await at.show({ id })).status).toBe("removed");
  for (const bearer of [token, useless]) {
    const feed = await at.get(`/workspaces/${id}/activity`, { token: bearer });
    expect([feed.status, feed.body.error]).toEqual([401, "invalid workspace auth token"]);
    expect((await at.get(`/workspaces/${id}/state`, { token: bearer })).status).toBe(401);
  }
  expect((await at.get(`/workspaces/${id}`)).status).toBe(410);
});
