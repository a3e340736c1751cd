import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lookUntil } from "../../harness/wait.ts";
import { lab, NOBODY, type Lab, type Member } from "./lab.ts";
import { Listener } from "./listener.ts";
import { Agent, registerPush } from "./push-agent.ts";

const BOTH = ["r1", "r2"] as const;

const delegate = (at: Lab, { id, token }: Member, body: unknown) =>
  at.post(`/workspaces/${id}/delegate`, { token, body });

const list = async (at: Lab, { id, token }: Member): Promise<any[]> =>
  (await at.get(`/workspaces/${id}/delegations`, { token })).body;

async function settled(at: Lab, source: Member): Promise<any> {
  let row: any;
  await lookUntil(async () => {
    [row] = await list(at, source);
    return ["completed", "failed"].includes(row?.status);
  });
  return row;
}

test.each(BOTH)(
  "%s: to a poll target a delegation is completed at once, with the queued envelope (T30)",
  async (revision) => {
    await using at = await lab({ revision });
    const ada = await at.member("ada");
    const ben = await at.member("ben");
    const answer = await delegate(at, ada, { target_id: ben.id.toUpperCase(), task: "count" });
    const { delegation_id } = answer.body;
    expect([answer.status, answer.body]).toEqual([
      202,
      {
        delegation_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        status: "delegated",
        target_id: ben.id,
      },
    ]);
    const now = new Date(at.clock.time).toISOString();
    expect(await settled(at, ada)).toEqual({
      delegation_id,
      source_id: ada.id,
      target_id: ben.id,
      summary: "count",
      status: "completed",
      created_at: now,
      updated_at: now,
      _ledger: true,
      response_preview: '{"status":"queued","delivery_mode":"poll","method":"message/send"}',
      error: null,
      last_heartbeat: null,
      deadline: new Date(at.clock.time + 30 * 60_000).toISOString(),
    });
    const [row] = await at.feed(ben, "?type=a2a_receive");
    expect(row).toMatchObject({ source_id: ada.id, method: "message/send" });
    const kind = revision === "r2" ? { kind: "text" } : {};
    expect(row.request_body.params.message).toMatchObject({
      role: "user",
      messageId: delegation_id,
      parts: [{ ...kind, type: "text", text: "count" }],
      metadata: { delegation_id },
    });
    expect("kind" in row.request_body.params.message.parts[0]).toBe(revision === "r2");
    expect(await list(at, ben)).toEqual([]);
  },
);

test("a push target is waited for, but not by who delegates", async () => {
  await using at = await lab();
  const ada = await at.member("ada");
  const ben = await at.member("ben");
  const { promise, resolve } = Promise.withResolvers<void>();
  const parts = [{ kind: "text", text: `done ${"日".repeat(400)}` }];
  using agent = new Agent(() => promise.then(() => Response.json({ result: { parts } })));
  await registerPush(at, ben, agent.url);
  using listener = await Listener.to(at, ada);
  const { body } = await delegate(at, ada, { target_id: ben.id, task: "x".repeat(400) });
  await lookUntil(() => agent.calls.length === 1);
  expect(await list(at, ada)).toMatchObject([
    { status: "dispatched", summary: "x".repeat(300), response_preview: null },
  ]);
  resolve();
  const preview = `done ${"日".repeat(295)}`;
  expect(await settled(at, ada)).toMatchObject({
    status: "completed",
    response_preview: preview,
    error: null,
  });
  await listener.heard("DELEGATION_COMPLETE");
  const { delegation_id } = body;
  expect(listener.frames.map(({ type, data }) => [type, data])).toEqual([
    ["DELEGATION_SENT", { delegation_id, target_id: ben.id, task: "x".repeat(300) }],
    ["DELEGATION_STATUS", { delegation_id, target_id: ben.id, status: "dispatched" }],
    ["DELEGATION_COMPLETE", { delegation_id, target_id: ben.id, response_preview: preview }],
  ]);
});

const text = (key: string, said: string) => ({ [key]: "text", text: said });

test.each<[string, unknown, string, string]>([
  ["a bare text", { result: "done" }, "done", "done"],
  ["parts with a type", { result: { parts: [text("type", "done")] } }, "", "done"],
  ["no parts", { result: { parts: [] } }, "", ""],
  [
    "artifacts",
    { result: { artifacts: [{ parts: [text("kind", "a")] }, { parts: [text("kind", "b")] }] } },
    "ab",
    "ab",
  ],
  [
    "the message of a status",
    { result: { status: { message: { parts: [text("kind", "done")] } } } },
    "done",
    "done",
  ],
  ["something else", { answer: 42 }, '{"answer":42}', '{"answer":42}'],
])("an answer with %s is read as each revision can (T27)", async (_, answer, r1, r2) => {
  for (const revision of BOTH) {
    await using at = await lab({ revision });
    const ada = await at.member("ada");
    const ben = await at.member("ben");
    using agent = new Agent(() => Response.json(answer));
    await registerPush(at, ben, agent.url);
    await delegate(at, ada, { target_id: ben.id, task: "count" });
    const row = await settled(at, ada);
    expect([row.status, row.response_preview]).toEqual(["completed", { r1, r2 }[revision]]);
  }
});

test.each<[string, () => Response, string]>([
  ["an error", () => Response.json({}, { status: 500 }), "workspace agent answered 500"],
  ["nothing", () => new Response(""), "agent returned empty response body"],
  [
    "an error without words",
    () => Response.json({ error: {} }),
    "the target answered with an error",
  ],
  ["an error of JSON-RPC", () => Response.json({ error: { code: 1, message: "no" } }), "no"],
])("a push target that answers with %s has failed", async (_, answer, error) => {
  await using at = await lab();
  const ada = await at.member("ada");
  const ben = await at.member("ben");
  using agent = new Agent(answer);
  await registerPush(at, ben, agent.url);
  using listener = await Listener.to(at, ada);
  await delegate(at, ada, { target_id: ben.id, task: "count" });
  expect(await settled(at, ada)).toMatchObject({ status: "failed", response_preview: null, error });
  expect((await listener.heard("DELEGATION_FAILED")).data).toMatchObject({ error });
});

test.each([
  ["r1", 202, "failed"],
  ["r2", 403, undefined],
] as const)("%s: to delegate to a stranger is a %i", async (revision, status, then) => {
  await using at = await lab({ revision });
  const root = await at.member("root");
  const child = await at.member("child", { parent_id: root.id });
  const stranger = await at.member("stranger");
  for (const target_id of [stranger.id, NOBODY]) {
    const answer = await delegate(at, child, { target_id, task: "count" });
    expect(answer.status).toBe(status);
    if (then === undefined) continue;
    const row = await settled(at, child);
    expect([row.target_id, row.status]).toEqual([target_id, then]);
    expect(row.error).toStartWith("access denied");
  }
  expect(await list(at, child)).toHaveLength(then === undefined ? 0 : 2);
});

test("a body that says nothing is a 400, and so is a delegation to oneself", async () => {
  await using at = await lab();
  const ada = await at.member("ada");
  const ben = await at.member("ben");
  const bodies = [
    {},
    [],
    { task: "count" },
    { target_id: ben.id },
    { target_id: ben.id, task: "" },
    { target_id: ben.id, task: 1 },
    { target_id: "ben", task: "count" },
  ];
  for (const body of bodies) expect((await delegate(at, ada, body)).status).toBe(400);
  const self = await delegate(at, ada, { target_id: ada.id.toUpperCase(), task: "count" });
  expect([self.status, self.body]).toEqual([
    400,
    { error: expect.any(String), reason: expect.any(String), hint: expect.any(String) },
  ]);
  expect(await list(at, ada)).toEqual([]);
  const nobody = { id: NOBODY, token: at.admin };
  expect((await delegate(at, nobody, { target_id: ben.id, task: "count" })).status).toBe(404);
});

test("a key that is known starts nothing and answers with the first", async () => {
  await using at = await lab();
  const ada = await at.member("ada");
  const ben = await at.member("ben");
  const body = { target_id: ben.id, task: "count", idempotency_key: "k" };
  const first = await delegate(at, ada, body);
  await settled(at, ada);
  const again = await delegate(at, ada, { ...body, task: "another" });
  expect([again.status, again.body]).toEqual([
    200,
    { ...first.body, status: "completed", idempotent_hit: true },
  ]);
  expect(await list(at, ada)).toHaveLength(1);
  expect(await at.feed(ben, "?type=a2a_receive")).toHaveLength(1);
  // Another's key is another key, and so is none.
  expect((await delegate(at, ben, { ...body, target_id: ada.id })).status).toBe(202);
  for (const _ of [1, 2]) {
    expect((await delegate(at, ada, { target_id: ben.id, task: "count" })).status).toBe(202);
  }
});

test("what an agent carries out itself is recorded and then updated", async () => {
  await using at = await lab();
  const ada = await at.member("ada");
  const ben = await at.member("ben");
  const record = async (body: unknown) => {
    const path = `/workspaces/${ada.id}/delegations/record`;
    const answer = await at.post(path, { token: ada.token, body });
    return [answer.status, answer.body.error ?? answer.body];
  };
  const update = async (delegation: string, body: unknown, { id, token } = ada) => {
    const path = `/workspaces/${id}/delegations/${delegation}/update`;
    return (await at.post(path, { token, body })).status;
  };
  using listener = await Listener.to(at, ada);
  const first = { target_id: ben.id, task: "count", delegation_id: "d-1" };
  for (const _ of [1, 2]) expect(await record(first)).toEqual([202, { status: "recorded" }]);
  expect(await record({ ...first, delegation_id: "d-2" })).toEqual([202, { status: "recorded" }]);
  expect((await record({ ...first, delegation_id: "" }))[0]).toBe(400);
  expect((await record({ delegation_id: "d-3" }))[0]).toBe(400);
  expect(await list(at, ada)).toMatchObject([
    { delegation_id: "d-2", status: "in_progress" },
    { delegation_id: "d-1", status: "in_progress" },
  ]);
  expect(await at.feed(ben)).toEqual([]);

  expect(await update("d-1", { status: "completed", response_preview: "42" })).toBe(200);
  expect(await update("d-2", { status: "failed", error: "no fingers" })).toBe(200);
  await listener.heard("DELEGATION_FAILED");
  const told = ["SENT", "SENT", "COMPLETE", "FAILED"].map((what) => `DELEGATION_${what}`);
  expect(listener.types).toEqual(told);
  expect(await update("d-2", { status: "running" })).toBe(400);
  expect(await update("d-3", { status: "failed" })).toBe(404);
  expect(await update("d-1", { status: "failed" }, ben)).toBe(404);
  expect(await list(at, ada)).toMatchObject([
    { delegation_id: "d-2", status: "failed", error: "no fingers", response_preview: null },
    { delegation_id: "d-1", status: "completed", error: null, response_preview: "42" },
  ]);
});

test("an administrator sees all, by status, and their number", async () => {
  await using at = await lab();
  const ada = await at.member("ada");
  const ben = await at.member("ben");
  await delegate(at, ada, { target_id: ben.id, task: "one" });
  await settled(at, ada);
  const recorded = { target_id: ada.id, task: "two", delegation_id: "d-2" };
  const path = `/workspaces/${ben.id}/delegations/record`;
  await at.post(path, { token: ben.token, body: recorded });
  const ask = async (query: string) =>
    (await at.get(`/admin/delegations${query}`, { token: at.admin })).body;
  const tasks = async (query = "") => (await ask(query)).delegations.map((d: any) => d.summary);
  expect(await tasks()).toEqual(["two", "one"]);
  expect(await tasks("?limit=1")).toEqual(["two"]);
  expect(await tasks("?status=completed")).toEqual(["one"]);
  expect((await ask("?status=completed")).count).toBe(1);
  expect((await ask("?status=done")).error).toStartWith("status must be one of");
  const stats = await at.get("/admin/delegations/stats", { token: at.admin });
  expect(stats.body).toEqual({
    queued: 0,
    dispatched: 0,
    in_progress: 1,
    completed: 1,
    failed: 0,
  });
});

test("a workspace sees its newest 50", async () => {
  await using at = await lab();
  const ada = await at.member("ada");
  for (let n = 1; n <= 51; n++) {
    const target_id = NOBODY;
    const entry = { delegation_id: `d-${n}`, source_id: ada.id, target_id, task: `${n}` };
    at.platform.database.delegations.add({ ...entry, status: "in_progress" });
  }
  const tasks = (await list(at, ada)).map(({ summary }) => summary);
  expect([tasks.length, tasks[0], tasks.at(-1)]).toEqual([50, "51", "2"]);
});

test("a stop ends what is under way, and writes it down", async () => {
  const folder = await mkdtemp(join(tmpdir(), "molecule-test-"));
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const db = join(folder, "dev.db");
  using agent = new Agent(() => new Promise(() => {}));
  const errors: unknown[] = [];
  let ada;
  {
    await using at = await lab({ db, onError: (error) => errors.push(error) });
    ada = await at.member("ada");
    const ben = await at.member("ben");
    await registerPush(at, ben, agent.url);
    await delegate(at, ada, { target_id: ben.id, task: "count" });
    await lookUntil(() => agent.calls.length === 1);
    const lost = { delegation_id: "d-1", source_id: ada.id, target_id: ben.id, task: "lost" };
    at.platform.database.delegations.add({ ...lost, status: "dispatched" });
  }
  {
    await using at = await lab({ db });
    expect(await list(at, ada)).toMatchObject([
      // A crash would leave it so, and the next start finds it.
      { summary: "lost", status: "failed", error: expect.stringContaining("stopped") },
      { summary: "count", status: "failed", error: "failed to reach workspace agent" },
    ]);
  }
  expect(errors).toEqual([]);
});
