import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lab, messageSend } from "./lab.ts";
import { lookUntil } from "../../harness/wait.ts";
import { Agent, registerPush } from "./push-agent.ts";

test("a push is sent to exactly the registered address, and the answer passed through", async () => {
  await using at = await lab();
  const result = { jsonrpc: "2.0", id: "1", result: { parts: [{ kind: "text", text: "done" }] } };
  using agent = new Agent(() => Response.json(result, { status: 201 }));
  const target = await at.member("target");
  const ada = await at.member("ada");
  const secret = await registerPush(at, target, agent.url);
  const headers = { "x-workspace-id": ada.id };
  const body = messageSend("work", "m-1");
  const answer = await at.post(`/workspaces/${target.id}/a2a`, { token: ada.token, headers, body });
  expect([answer.status, answer.body]).toEqual([201, result]);

  const [call, ...more] = agent.calls;
  expect(more).toEqual([]);
  expect(call?.path).toBe("/a2a/inbound");
  expect(call?.headers.get("authorization")).toBe(`Bearer ${secret}`);
  expect(call?.headers.get("content-type")).toBe("application/json");
  expect(call?.headers.get("x-workspace-id")).toBeNull();
  expect(call?.body.params.message).toMatchObject({ messageId: "m-1", role: "user" });

  const [row] = await at.feed(target);
  expect(row).toMatchObject({
    activity_type: "a2a_receive",
    source_id: ada.id,
    status: "ok",
    duration_ms: expect.any(Number),
    request_body: call?.body,
    response_body: result,
  });
});

const redirect = () => Response.redirect("http://localhost:1/elsewhere");
test.each<[string, () => Response, number, unknown]>([
  ["no body", () => new Response(""), 200, { error: "agent returned empty response body" }],
  ["204", () => new Response(null, { status: 204 }), 200, { error: /empty response body/ }],
  ["400", () => Response.json({ error: "x" }, { status: 400 }), 400, { error: /400/ }],
  ["503", () => new Response("busy", { status: 503 }), 503, { error: /503/ }],
  ["a redirect", redirect, 302, { error: /302/ }],
])("an agent that answers %s is reported", async (_, answer, status, body: any) => {
  await using at = await lab();
  using agent = new Agent(answer);
  const target = await at.member("target");
  await registerPush(at, target, agent.url);
  const sent = await at.send("canvas", target, "work");
  expect(sent.status).toBe(status);
  expect(sent.body.error).toEqual(
    typeof body.error === "string" ? body.error : expect.stringMatching(body.error),
  );
  const [row] = await at.feed(target);
  expect(row).toMatchObject({ status: "error", error_detail: sent.body.error });
  expect(Object.keys(row)).not.toContain("response_body");
});

test("an agent that can't be reached is a 502", async () => {
  await using at = await lab();
  const target = await at.member("target");
  const agent = new Agent(() => Response.json({}));
  await registerPush(at, target, agent.url);
  agent[Symbol.dispose]();
  const sent = await at.send("canvas", target, "work");
  expect([sent.status, sent.body]).toEqual([502, { error: "failed to reach workspace agent" }]);
  expect((await at.feed(target))[0].status).toBe("error");
});

test("an answer that breaks off is a 502 which says that the message has arrived", async () => {
  await using at = await lab();
  const target = await at.member("target");
  using liar = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (socket) => {
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
        socket.end();
      },
    },
  });
  await registerPush(at, target, `http://127.0.0.1:${liar.port}/`);
  const sent = await at.send("canvas", target, "work");
  expect([sent.status, sent.body]).toEqual([
    502,
    { error: "failed to read agent response", delivery_confirmed: true },
  ]);
});

test("X-Timeout ends the wait", async () => {
  await using at = await lab();
  const target = await at.member("target");
  const { promise, resolve } = Promise.withResolvers<Response>();
  using agent = new Agent(() => promise);
  await registerPush(at, target, agent.url);
  const headers = { "x-timeout": "0.05" };
  const ask = { token: at.admin, headers, body: messageSend("work") };
  const sent = await at.post(`/workspaces/${target.id}/a2a`, ask);
  expect([sent.status, sent.body.error]).toEqual([502, "failed to reach workspace agent"]);
  resolve(Response.json({}));
});

test("a sender that hangs up ends nothing: the answer is written down", async () => {
  await using at = await lab();
  const target = await at.member("target");
  const ada = await at.member("ada");
  const { promise, resolve } = Promise.withResolvers<Response>();
  using agent = new Agent(() => promise);
  await registerPush(at, target, agent.url);
  const hangUp = new AbortController();
  const sent = fetch(`${at.platform.url}/workspaces/${target.id}/a2a`, {
    method: "POST",
    headers: { authorization: `Bearer ${ada.token}` },
    body: JSON.stringify(messageSend("work")),
    signal: hangUp.signal,
  });
  await lookUntil(() => agent.calls.length === 1);
  hangUp.abort();
  await expect(sent).rejects.toThrow();
  resolve(Response.json({ result: "late" }));
  await lookUntil(async () => (await at.feed(target)).length === 1);
  expect((await at.feed(target))[0].response_body).toEqual({ result: "late" });
});

test("the canvas user is told after 90 s that the answer comes later, a peer waits on", async () => {
  await using at = await lab();
  const target = await at.member("target");
  const ada = await at.member("ada");
  const { promise, resolve } = Promise.withResolvers<void>();
  using agent = new Agent(() => promise.then(() => Response.json({ result: "done" })));
  await registerPush(at, target, agent.url);
  const waiting = at.clock.sleepers;
  const canvas = at.send("canvas", target, "work");
  const peer = at.send(ada, target, "work");
  await lookUntil(() => agent.calls.length === 2 && at.clock.sleepers === waiting + 1);
  at.clock.advance(90_000);
  expect((await canvas).body).toEqual({
    status: "queued",
    delivery_mode: "push-async",
    method: "message/send",
  });
  resolve();
  expect((await peer).body).toEqual({ result: "done" });
  await lookUntil(async () => (await at.feed(target)).length === 2);
});

test("without an address a push is a 503 with the status", async () => {
  await using at = await lab();
  const target = await at.member("target", { delivery_mode: "push" });
  const sent = await at.send("canvas", target, "work");
  expect([sent.status, sent.body]).toEqual([
    503,
    { error: "workspace has no URL", status: "awaiting_agent" },
  ]);
});

test("an agent that can't know its secret yet is given time: 503, then its heartbeat", async () => {
  await using at = await lab();
  using agent = new Agent(() => Response.json({ result: 1 }));
  const target = await at.member("target", { delivery_mode: "push", url: agent.url });
  const early = await at.send("canvas", target, "work");
  expect([early.status, early.headers.get("retry-after")]).toEqual([503, "30"]);
  expect(agent.calls).toEqual([]);
  const beat = await at.post("/registry/heartbeat", { body: { workspace_id: target.id } });
  expect((await at.send("canvas", target, "work")).status).toBe(200);
  const secret = beat.body.platform_inbound_secret;
  expect(agent.calls[0]?.headers.get("authorization")).toBe(`Bearer ${secret}`);
});

test("the address is checked again before each push", async () => {
  await using at = await lab();
  const target = await at.member("target");
  at.platform.database.workspaces.change(target.id, {
    delivery_mode: "push",
    url: "http://192.168.0.1/",
  });
  const sent = await at.send("canvas", target, "work");
  expect([sent.status, sent.body.error]).toEqual([502, "workspace URL is not publicly routable"]);
});

test("a stop ends the pushes under way and writes them down", async () => {
  const folder = await mkdtemp(join(tmpdir(), "molecule-test-"));
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const db = join(folder, "dev.db");
  const at = await lab({ db });
  const target = await at.member("target");
  using agent = new Agent(() => new Promise(() => {}));
  await registerPush(at, target, agent.url);
  const sent = at.send("canvas", target, "work").catch(() => {});
  await lookUntil(() => agent.calls.length === 1);
  await at.platform.stop();
  await sent;
  await using again = await lab({ db });
  expect((await again.feed(target))[0]).toMatchObject({ status: "error", duration_ms: 0 });
});
