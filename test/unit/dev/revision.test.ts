/** What revision 1 does otherwise than revision 2, but for pushes, envelopes and the sweep. */
import { expect, test } from "bun:test";
import { CARD, lab, messageSend, NOBODY, type Ask } from "./lab.ts";

const BOTH = ["r1", "r2"] as const;
const textOf = (row: any): string => row.request_body.params.message.parts[0].text;

test.each([
  ["r1", []],
  ["r2", ["2", "3"]],
] as const)(
  "%s: of the rows of one instant a cursor passes on %j (T21)",
  async (revision, rest) => {
    await using at = await lab({ revision });
    const agent = await at.member("agent");
    const ada = await at.member("ada");
    for (const text of ["1", "2", "3"]) await at.send(ada, agent, text);
    at.clock.advance(1);
    await at.send(ada, agent, "4");
    const rows = await at.feed(agent);
    expect(rows.map(textOf)).toEqual(["4", "3", "2", "1"]);
    const later = await at.feed(agent, `?since_id=${rows[3].id}`);
    expect(later.map(textOf)).toEqual([...rest, "4"]);
  },
);

test.each([
  ["r1", []],
  ["r2", [1, 2, 3]],
] as const)("%s: rows have the seq %j", async (revision, seqs) => {
  await using at = await lab({ revision });
  const agent = await at.member("agent");
  for (const text of ["1", "2", "3"]) await at.send("canvas", agent, text);
  const rows = await at.feed(agent, "?include=peer_info");
  expect(rows.reverse().flatMap((row) => ("seq" in row ? [row.seq] : []))).toEqual([...seqs]);
});

test.each([
  ["r1", 3],
  ["r2", 1],
] as const)("%s: a message that is sent three times makes %i rows", async (revision, count) => {
  await using at = await lab({ revision });
  const agent = await at.member("agent");
  for (const _ of [1, 2, 3]) await at.send("canvas", agent, "hello", "same");
  expect(await at.feed(agent)).toHaveLength(count);
});

test("revision 1 does not know include=peer_info, and does not mind it", async () => {
  await using at = await lab({ revision: "r1" });
  const agent = await at.member("agent");
  await at.send(await at.member("ada"), agent, "hello");
  const [row] = await at.feed(agent, "?include=peer_info");
  expect(Object.keys(row)).not.toContain("peer_name");
});

test("revision 1 has no acknowledgements: the path is unknown", async () => {
  await using at = await lab({ revision: "r1" });
  const { id, token } = await at.member("agent");
  const body = { acked_seq: 1 };
  const answer = await at.post(`/workspaces/${id}/activity/ack`, { token, body });
  expect([answer.status, answer.body]).toEqual([404, { error: "not found" }]);
});

test("revision 1 takes whoever shows no token of a workspace for the canvas user (T26)", async () => {
  await using at = await lab({ revision: "r1" });
  const agent = await at.member("agent");
  const ada = await at.member("ada");
  const ben = await at.member("ben");
  const bare = await at.member("bare", { url: "http://localhost:1/" });
  const as = (id: string) => ({ "x-workspace-id": id });
  const cases: [Ask, number, string | null][] = [
    [{ token: ada.token, headers: as(ada.id) }, 200, ada.id],
    [{ token: ada.token }, 200, ada.id],
    [{ token: at.admin }, 200, null],
    [{}, 200, null],
    [{ token: "revoked" }, 200, null],
    // A workspace without tokens is believed, and so is the target itself.
    [{ headers: as(bare.id) }, 200, bare.id],
    [{ token: ben.token, headers: as(bare.id) }, 200, bare.id],
    [{ headers: as(agent.id.toUpperCase()) }, 200, agent.id],
    [{ headers: as(ada.id) }, 401, "missing caller auth token"],
    [{ token: "revoked", headers: as(ada.id) }, 401, "invalid caller auth token"],
    [{ token: ben.token, headers: as(ada.id) }, 401, "invalid caller auth token"],
    [{ token: at.admin, headers: as(ada.id) }, 401, "invalid caller auth token"],
    [{ token: at.admin, headers: as("system:x") }, 403, "invalid caller ID"],
    [{ headers: as(NOBODY) }, 403, expect.stringMatching(/^access denied/)],
  ];
  for (const [ask, status, outcome] of cases) {
    const body = messageSend("hello");
    const answer = await at.post(`/workspaces/${agent.id}/a2a`, { ...ask, body });
    const [row] = await at.feed(agent);
    expect([answer.status, status === 200 ? row.source_id : answer.body.error]).toEqual([
      status,
      outcome,
    ]);
  }
});

test("revision 1 cuts a message at 1 MiB without a word, and then can't read it (T28)", async () => {
  await using at = await lab({ revision: "r1" });
  const agent = await at.member("agent");
  const frame = JSON.stringify(messageSend(""));
  const send = async (size: number, end = "") => {
    const text = frame.replace('"text":""', `"text":"${"x".repeat(size - frame.length)}"`);
    const ask = { token: at.admin, raw: text + end };
    const answer = await at.post(`/workspaces/${agent.id}/a2a`, ask);
    return [answer.status, answer.body.error];
  };
  const limit = 1024 * 1024;
  expect(await send(limit)).toEqual([200, undefined]);
  expect(await send(limit + 1)).toEqual([400, "invalid JSON"]);
  expect(await send(limit, "what is cut off does no harm")).toEqual([200, undefined]);
});

test("in revision 1 the other endpoints take more than 1 MiB", async () => {
  await using at = await lab({ revision: "r1" });
  const { id, token } = await at.member("agent");
  const body = { message: "x".repeat(2 * 1024 * 1024) };
  expect((await at.post(`/workspaces/${id}/notify`, { token, body })).status).toBe(200);
});

test.each(["paused", "hibernated"] as const)(
  "revision 1 wakes a %s workspace that registers",
  async (status) => {
    await using at = await lab({ revision: "r1" });
    const { id, token } = await at.member("otter");
    at.platform.database.workspaces.change(id, { status });
    const body = { id, agent_card: CARD, delivery_mode: "poll" };
    await at.post("/registry/register", { token, body });
    expect((await at.show({ id })).status).toBe("online");
    await at.remove({ id }, "otter");
    await at.post("/registry/register", { token, body });
    expect((await at.show({ id })).status).toBe("removed");
  },
);

test("revision 1 does not look at the address of a card", async () => {
  await using at = await lab({ revision: "r1" });
  const { id, token } = await at.member("otter");
  const body = { id, agent_card: { url: "http://169.254.169.254/" }, delivery_mode: "poll" };
  expect((await at.post("/registry/register", { token, body })).status).toBe(200);
});

test("in revision 1 any live token binds a workspace, not only one of kind instance (1.4)", async () => {
  await using at = await lab({ revision: "r1" });
  const { id, token } = await at.member("otter");
  const minted = await at.post(`/workspaces/${id}/tokens`, { token });
  const api = minted.body.auth_token;
  const listed = await at.get(`/workspaces/${id}/tokens`, { token: api });
  const first = listed.body.tokens.find((row: any) => token.startsWith(row.prefix));
  await at.ask("DELETE", `/workspaces/${id}/tokens/${first.id}`, { token: api });
  const body = { id, agent_card: CARD, delivery_mode: "poll" };
  expect((await at.post("/registry/register", { body })).status).toBe(401);
  const answer = await at.post("/registry/register", { token: api, body });
  expect([answer.status, answer.body.auth_token]).toEqual([200, undefined]);
});

test("a heartbeat of revision 1 brings no card, has no generation, and lifts no failed workspace", async () => {
  await using at = await lab({ revision: "r1" });
  const { id, token } = await at.member("otter");
  at.platform.database.workspaces.change(id, { status: "failed" });
  const body = { workspace_id: id, agent_card: { name: "first" } };
  const answer = await at.post("/registry/heartbeat", { token, body });
  expect(answer.body).toEqual({ status: "ok", platform_inbound_secret: expect.any(String) });
  expect(await at.show({ id })).toMatchObject({ status: "failed", agent_card: null });
  at.platform.database.workspaces.change(id, { status: "awaiting_agent" });
  await at.post("/registry/heartbeat", { token, body });
  expect((await at.show({ id })).status).toBe("online");
});

test.each(BOTH)("%s: whether a workspace shows its last heartbeat (2.8)", async (revision) => {
  await using at = await lab({ revision });
  const { id } = await at.member("otter");
  const listed = await at.get("/workspaces", { token: at.admin });
  for (const row of [await at.show({ id }), listed.body[0]]) {
    expect("last_heartbeat_at" in row).toBe(revision === "r2");
  }
});

test("revision 1 lists peers to the workspace alone, and those beside it at the top (2.9)", async () => {
  await using at = await lab({ revision: "r1" });
  const root = await at.member("root");
  await at.member("other root");
  const child = await at.member("child", { parent_id: root.id });
  await at.member("twin", { parent_id: root.id });
  const peers = async ({ id, token }: typeof root) =>
    (await at.get(`/registry/${id}/peers`, { token })).body.map((row: any) => row.name);
  expect(await peers(root)).toEqual(["other root", "child", "twin"]);
  expect(await peers(child)).toEqual(["root", "twin"]);
  expect((await at.get(`/registry/${root.id}/peers`, { token: at.admin })).status).toBe(401);
});

test("revision 1 removes without the name, and again, and what is not there (3.1)", async () => {
  await using at = await lab({ revision: "r1" });
  const { id } = await at.member("otter");
  const remove = async (path: string) => {
    const answer = await at.ask("DELETE", `/workspaces/${path}`, { token: at.admin });
    return [answer.status, answer.body];
  };
  const removed = [200, { status: "removed", cascade_deleted: 0 }];
  expect(await remove(id)).toEqual(removed);
  expect((await at.show({ id })).status).toBe("removed");
  expect(await remove(id)).toEqual(removed);
  expect(await remove(NOBODY)).toEqual(removed);
});

test("in revision 1 children still have to be confirmed", async () => {
  await using at = await lab({ revision: "r1" });
  const root = await at.member("root");
  await at.member("child", { parent_id: root.id });
  const path = `/workspaces/${root.id}`;
  expect((await at.ask("DELETE", path, { token: at.admin })).status).toBe(409);
  expect((await at.ask("DELETE", `${path}?confirm=true`, { token: at.admin })).status).toBe(200);
});
