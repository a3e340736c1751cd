import { expect, test } from "bun:test";
import { lab, messageSend, NOBODY, type Ask } from "./lab.ts";

const BODY = messageSend("hello");

test("a message to a poll workspace is queued, with nothing of JSON-RPC in the answer", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const ada = await at.member("ada");
  const answer = await at.send(ada, agent, "hello");
  expect([answer.status, answer.body]).toEqual([
    200,
    { status: "queued", delivery_mode: "poll", method: "message/send" },
  ]);
  expect((await at.show(ada)).last_outbound_at).toBe(new Date(at.clock.time).toISOString());
});

test("the sender is whoever the token says (2.4.1, T26)", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const ada = await at.member("ada");
  const ben = await at.member("ben");
  const dead = await at.member("dead");
  await at.remove(dead, "dead");
  const cases: [Ask, number, string | null][] = [
    [{ token: ada.token, headers: { "x-workspace-id": ada.id } }, 200, ada.id],
    [{ token: ada.token, headers: { "x-workspace-id": ada.id.toUpperCase() } }, 200, ada.id],
    [{ token: ada.token }, 200, ada.id],
    [{ token: at.admin }, 200, null],
    [{}, 401, "missing caller auth token"],
    [{ headers: { "x-workspace-id": ada.id } }, 401, "missing caller auth token"],
    [{ token: "wrong" }, 401, "invalid caller auth token"],
    [{ token: "wrong", headers: { "x-workspace-id": ada.id } }, 401, "invalid caller auth token"],
    [{ token: dead.token }, 401, "invalid caller auth token"],
    [
      { token: ben.token, headers: { "x-workspace-id": ada.id } },
      401,
      "caller ID does not match workspace auth token",
    ],
    [
      { token: ada.token, headers: { "x-workspace-id": "ada" } },
      401,
      "caller ID does not match workspace auth token",
    ],
    [{ token: at.admin, headers: { "x-workspace-id": ada.id } }, 401, "invalid caller auth token"],
    ...["webhook:github", "system:x", "test:x", "channel:telegram"].map(
      (id): [Ask, number, string] => [
        { token: at.admin, headers: { "x-workspace-id": id } },
        403,
        "invalid caller ID",
      ],
    ),
  ];
  for (const [ask, status, outcome] of cases) {
    const before = (await at.feed(agent)).length;
    const answer = await at.post(`/workspaces/${agent.id}/a2a`, { ...ask, body: BODY });
    const [row, ...rest] = await at.feed(agent);
    expect(answer.status).toBe(status);
    if (status === 200) expect([row.source_id, rest.length]).toEqual([outcome, before]);
    else expect([answer.body.error, rest.length + 1]).toEqual([outcome, before]);
  }
});

test("siblings and the line of ancestors may talk, others may not (2.4.3)", async () => {
  await using at = await lab();
  const root = await at.member("root");
  const other = await at.member("other");
  const child = await at.member("child", { parent_id: root.id });
  const twin = await at.member("twin", { parent_id: root.id });
  const grandchild = await at.member("grandchild", { parent_id: child.id });
  const status = async (...[from, to]: [typeof root, { id: string }]) =>
    (await at.send(from, to, "x")).status;
  expect(await status(root, root)).toBe(200);
  expect(await status(root, other)).toBe(200);
  expect(await status(child, twin)).toBe(200);
  expect(await status(grandchild, root)).toBe(200);
  expect(await status(root, grandchild)).toBe(200);
  expect(await status(child, other)).toBe(403);
  expect(await status(grandchild, twin)).toBe(403);
  expect(await status(root, { id: NOBODY })).toBe(403);
  expect(await status(root, { id: "nobody" })).toBe(403);
  const denied = await at.send(child, other, "x");
  expect(denied.body.error).toMatch(/^access denied/);
  expect((await at.send("canvas", grandchild, "x")).status).toBe(200);
  for (const id of [NOBODY, "nobody"]) {
    const unknown = await at.send("canvas", { id }, "x");
    expect([unknown.status, unknown.body.error]).toEqual([404, "workspace not found"]);
  }
});

test("a target over its budget is a 402, before the body is looked at (T33)", async () => {
  await using at = await lab();
  const agent = await at.member("agent", { budget_limit: 100 });
  const ada = await at.member("ada");
  const spend = (monthly_spend: number) =>
    at.post("/registry/heartbeat", {
      token: agent.token,
      body: { workspace_id: agent.id, monthly_spend },
    });
  await spend(99);
  expect((await at.send(ada, agent, "x")).status).toBe(200);
  await spend(100);
  const path = `/workspaces/${agent.id}/a2a`;
  for (const token of [ada.token, at.admin]) {
    const answer = await at.post(path, { token, raw: "not JSON" });
    expect([answer.status, answer.body.error]).toEqual([402, "workspace budget limit exceeded"]);
  }
});

test("a messageId is taken once for each workspace (2.3, R2)", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const ada = await at.member("ada");
  const ben = await at.member("ben");
  for (const from of [ada, ada, ben]) {
    expect((await at.send(from, agent, "hello", "same")).body.status).toBe("queued");
  }
  await at.send(ada, ben, "hello", "same");
  await at.send(ada, agent, "hello");
  await at.send(ada, agent, "hello");
  expect((await at.feed(agent)).map((row) => row.source_id)).toEqual([ada.id, ada.id, ada.id]);
  expect(await at.feed(ben)).toHaveLength(1);
  const body = { ...messageSend("hello", "same"), method: "message/stream" };
  for (const _ of [1, 2]) await at.post(`/workspaces/${ben.id}/a2a`, { token: at.admin, body });
  expect(await at.feed(ben)).toHaveLength(3);
});

test("a poll workspace is sent messages in every status, removed included", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const ada = await at.member("ada");
  await at.post(`/workspaces/${agent.id}/pause`, { token: agent.token });
  expect((await at.send(ada, agent, "x")).body.status).toBe("queued");
  await at.remove(agent, "agent");
  expect((await at.send(ada, agent, "x")).body.status).toBe("queued");
});

test("a body above 16 MiB is a 413 that says how much may be sent (T28)", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  const path = `/workspaces/${agent.id}/a2a`;
  const frame = JSON.stringify(messageSend(""));
  const fits = 16 * 1024 * 1024 - frame.length;
  const text = (length: number) => frame.replace('"text":""', `"text":"${"x".repeat(length)}"`);
  expect((await at.post(path, { token: at.admin, raw: text(fits) })).status).toBe(200);
  const answer = await at.post(path, { token: at.admin, raw: text(fits + 1) });
  expect(answer.status).toBe(413);
  expect(answer.body).toEqual({
    error: expect.any(String),
    truncated: true,
    max_bytes: 16 * 1024 * 1024,
  });
  expect(await at.feed({ id: agent.id, token: agent.token })).toHaveLength(1);
});

test("a body that is no JSON object is a 400", async () => {
  await using at = await lab();
  const agent = await at.member("agent");
  for (const raw of ["", "[]", '"text"', "{", "null"]) {
    const answer = await at.post(`/workspaces/${agent.id}/a2a`, { token: at.admin, raw });
    expect([answer.status, answer.body.error]).toEqual([400, "invalid JSON"]);
  }
});
