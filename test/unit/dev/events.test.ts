/** The stream of events of a workspace (2.11). */
import { expect, test } from "bun:test";
import { lookUntil } from "../../harness/wait.ts";
import { BUFFERED_FRAMES } from "../../../src/dev/events.ts";
import { CARD, lab, NOBODY } from "./lab.ts";
import { Listener } from "./listener.ts";

const BOTH = ["r1", "r2"] as const;

test.each(BOTH)("%s: a message is told, by all but its id", async (revision) => {
  await using at = await lab({ revision });
  const agent = await at.member("agent");
  const ada = await at.member("ada");
  using listener = await Listener.to(at, agent, agent.token);
  using other = await Listener.to(at, ada, ada.token);
  expect(listener.headers.get("content-type")).toBe("text/event-stream");
  await at.send(ada, agent, "hello", "m-1");
  const frame = await listener.heard("ACTIVITY_LOGGED");
  const [row] = await at.feed(agent);
  expect(frame).toEqual({
    type: "ACTIVITY_LOGGED",
    timestamp: at.clock.time,
    data: {
      workspace_id: agent.id,
      activity_type: "a2a_receive",
      method: "message/send",
      status: "ok",
      summary: row.summary,
      source_id: ada.id,
      target_id: agent.id,
      duration_ms: null,
      request_body: row.request_body,
    },
  });
  // No `event:`, no `id:`: a comment, and then one line of data for each.
  expect(listener.text.replaceAll(/data: .*\n\n/g, "")).toBe(": ping\n\n");
  expect(other.types).toEqual([]);
});

test.each([
  ["r1", 2],
  ["r2", 1],
] as const)("%s: a message that is sent twice is told %i times", async (revision, times) => {
  await using at = await lab({ revision });
  const agent = await at.member("agent");
  using listener = await Listener.to(at, agent);
  for (const _ of [1, 2]) await at.send("canvas", agent, "hello", "m-1");
  await at.post(`/workspaces/${agent.id}/pause`, { token: at.admin });
  await listener.heard("WORKSPACE_PAUSED");
  expect(listener.types.filter((type) => type === "ACTIVITY_LOGGED")).toHaveLength(times);
});

test("what an agent says of its troubles is told in short", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  using listener = await Listener.to(at, agent);
  const error_detail = "é".repeat(4_000);
  const body = { activity_type: "error", status: "error", error_detail };
  await at.post(`/workspaces/${agent.id}/activity`, { token: agent.token, body });
  const { data } = await listener.heard("ACTIVITY_LOGGED");
  expect(data["error_detail"]).toBe("é".repeat(2_048));
  expect((await at.feed(agent))[0].error_detail).toBe(error_detail);
});

test("a row that is late is told when it can be read, and once", async () => {
  const random = () => 0.5;
  await using at = await lab({ lateCommits: { share: 1, maxMs: 1_000, random } });
  const agent = await at.member("agent");
  using listener = await Listener.to(at, agent);
  const waiting = at.clock.sleepers;
  const sent = at.send("canvas", agent, "hello", "m-1");
  await lookUntil(() => at.clock.sleepers > waiting);
  expect(await at.feed(agent)).toEqual([]);
  expect(listener.types).toEqual([]);
  at.clock.advance(500);
  await sent;
  await listener.heard("ACTIVITY_LOGGED");
  const again = at.send("canvas", agent, "hello", "m-1");
  await lookUntil(() => at.clock.sleepers > waiting);
  at.clock.advance(500);
  await again;
  await at.post(`/workspaces/${agent.id}/pause`, { token: at.admin });
  await listener.heard("WORKSPACE_PAUSED");
  expect(listener.types).toEqual(["ACTIVITY_LOGGED", "WORKSPACE_PAUSED"]);
});

test("a notice to the user has an event of its own, and no other", async () => {
  await using at = await lab();
  const { id, token } = await at.member("agent");
  using listener = await Listener.to(at, { id });
  const attachments = [{ uri: "https://example.com/a", name: "a" }];
  await at.post(`/workspaces/${id}/notify`, { token, body: { message: "hello", attachments } });
  expect((await listener.heard("AGENT_MESSAGE")).data).toEqual({
    workspace_id: id,
    name: "agent",
    message: "hello",
    attachments,
  });
  await at.post(`/workspaces/${id}/notify`, { token, body: { message: "again" } });
  await lookUntil(() => listener.frames.length === 2);
  expect(listener.types).toEqual(["AGENT_MESSAGE", "AGENT_MESSAGE"]);
});

test("heartbeats are told, and what they change", async () => {
  await using at = await lab();
  const { id, token } = await at.member("agent");
  using listener = await Listener.to(at, { id });
  const beat = (more: object) =>
    at.post("/registry/heartbeat", { token, body: { workspace_id: id, ...more } });
  await beat({ current_task: "reading", active_tasks: 1 });
  await beat({ current_task: "reading", active_tasks: 1, error_rate: 0.5 });
  await beat({});
  await lookUntil(() => listener.frames.length === 8);
  expect(listener.types).toEqual([
    "WORKSPACE_HEARTBEAT",
    "TASK_UPDATED",
    "WORKSPACE_ONLINE",
    "WORKSPACE_HEARTBEAT",
    "WORKSPACE_DEGRADED",
    "WORKSPACE_HEARTBEAT",
    "TASK_UPDATED",
    "WORKSPACE_ONLINE",
  ]);
  const [first, task, , second] = listener.frames;
  expect(first?.data).toMatchObject({ active_tasks: 1, current_task: "reading", status: "online" });
  expect(task?.data).toEqual({ workspace_id: id, active_tasks: 1, current_task: "reading" });
  expect(second?.data).toMatchObject({ error_rate: 0.5, status: "degraded" });
});

test("every change of status is told, and a rotation before the token is dead", async () => {
  await using at = await lab();
  const { id, token } = await at.member("agent");
  using listener = await Listener.to(at, { id });
  const { tokens } = at.platform.database;
  const emit = at.platform.database.events.add.bind(at.platform.database.events);
  let aliveWhenTold: boolean | undefined;
  at.platform.database.events.add = (...event) => {
    if (event[1] === "EXTERNAL_CREDENTIALS_ROTATED") aliveWhenTold ??= tokens.owner(token) === id;
    emit(...event);
  };
  const post = (path: string) => at.post(`/workspaces/${id}/${path}`, { token: at.admin });
  for (const path of ["pause", "resume", "hibernate", "external/rotate"]) await post(path);
  const fresh = (await post("external/rotate")).body.connection.auth_token;
  const register = { id, agent_card: CARD, delivery_mode: "poll" };
  await post("resume");
  await at.post("/registry/register", { token: fresh, body: register });
  await at.post("/registry/update-card", {
    token: fresh,
    body: { workspace_id: id, agent_card: CARD },
  });
  await at.remove({ id }, "agent");
  await lookUntil(() => listener.ended);
  expect(aliveWhenTold).toBe(true);
  expect(listener.types).toEqual([
    "WORKSPACE_PAUSED",
    "WORKSPACE_PROVISIONING",
    "WORKSPACE_HIBERNATED",
    "EXTERNAL_CREDENTIALS_ROTATED",
    "EXTERNAL_CREDENTIALS_ROTATED",
    "WORKSPACE_PROVISIONING",
    "WORKSPACE_ONLINE",
    "AGENT_CARD_UPDATED",
    "WORKSPACE_REMOVED",
  ]);
});

test("an agent that falls silent is told of, and a broadcast", async () => {
  await using at = await lab();
  const { id, token } = await at.member("agent");
  const ada = await at.member("ada", { budget_limit: null });
  await at.post("/registry/heartbeat", { token, body: { workspace_id: id } });
  using listener = await Listener.to(at, { id });
  await lookUntil(() => at.clock.sleepers === 1);
  at.clock.advance(180_001);
  expect((await listener.heard("WORKSPACE_AWAITING_AGENT")).data).toMatchObject({
    workspace_id: id,
    status: "awaiting_agent",
  });
  const body = { broadcast_enabled: true };
  await at.patch(`/workspaces/${ada.id}/abilities`, { token: at.admin, body });
  const ask = { token: ada.token, body: { message: "hear, hear" } };
  await at.post(`/workspaces/${ada.id}/broadcast`, ask);
  expect((await listener.heard("BROADCAST_MESSAGE")).data).toEqual({
    source_id: ada.id,
    source_name: "ada",
    message: "hear, hear",
  });
});

test("there is no stream of nobody's events", async () => {
  await using at = await lab();
  const answer = await at.get(`/workspaces/${NOBODY}/events/stream`, { token: at.admin });
  expect([answer.status, answer.body.error]).toEqual([404, "workspace not found"]);
});

test("a subscriber that hangs up is forgotten", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const { events } = at;
  {
    using first = await Listener.to(at, agent);
    using second = await Listener.to(at, agent);
    expect([first.ended, second.ended, events.listeners(agent.id)]).toEqual([false, false, 2]);
  }
  await lookUntil(() => events.listeners(agent.id) === 0);
});

test("a slow subscriber loses what is beyond its buffer, and nobody else does", async () => {
  await using at = await lab();
  const { events } = at;
  const slow = events.subscribe(NOBODY).getReader();
  const quick = events.subscribe(NOBODY).getReader();
  const read = async (reader: typeof slow) =>
    new TextDecoder().decode((await reader.read()).value as Uint8Array);
  expect(await read(quick)).toBe(": ping\n\n");
  const emitted = BUFFERED_FRAMES + 10;
  for (let n = 1; n <= emitted; n++) {
    events.emit(NOBODY, "TASK_UPDATED", { n });
    expect(await read(quick)).toContain(`{"n":${n}}`);
  }
  events.end(NOBODY);
  const kept: string[] = [];
  for (let last = await slow.read(); !last.done; last = await slow.read()) {
    kept.push(new TextDecoder().decode(last.value));
  }
  expect(kept).toHaveLength(BUFFERED_FRAMES);
  expect([kept[0], kept.at(-1)]).toEqual([
    ": ping\n\n",
    expect.stringContaining(`{"n":${BUFFERED_FRAMES - 1}}`),
  ]);
});

test("the stream ends, properly, when the platform stops", async () => {
  const at = await lab();
  const { id, token } = await at.member("agent");
  const { promise, resolve } = Promise.withResolvers<void>();
  let text = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: at.platform.port,
    socket: { data: (_, data) => void (text += data.toString()), close: () => resolve() },
  });
  const head = [`GET /workspaces/${id}/events/stream HTTP/1.1`, "host: localhost"];
  socket.write([...head, `authorization: Bearer ${token}`, "", ""].join("\r\n"));
  await lookUntil(() => text.includes(": ping"));
  await at.platform.stop();
  await promise;
  // The chunk that says that this was all.
  expect(text).toEndWith("\r\n0\r\n\r\n");
  const late = at.events.subscribe(id).getReader();
  expect((await late.read()).done).toBe(false);
  expect((await late.read()).done).toBe(true);
});
