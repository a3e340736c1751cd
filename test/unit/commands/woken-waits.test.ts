/** Those who wait for an answer, on a clock on which no look by time ever comes: the event stream wakes them. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { exchange } from "../../../src/commands/agent/exchange.ts";
import { awaitDelegation } from "../../../src/commands/workspace/delegation-end.ts";
import { Management } from "../../../src/platform/management.ts";
import { get } from "../../../src/shared/json.ts";
import { partsFor } from "../../harness/client.ts";
import { deafClock } from "../../harness/deaf-clock.ts";
import { lookUntil } from "../../harness/wait.ts";
import { lab, type Lab, type Member } from "../dev/lab.ts";
import { Agent, registerPush } from "../dev/push-agent.ts";

setDefaultTimeout(60_000);

const nothing = () => {};
const log = { error: nothing, warn: nothing, info: nothing, debug: nothing };
const timeoutMs = 3_600_000;

function partsOf({ platform }: Lab, token: string, identity?: string) {
  return partsFor(platform.url, { identity, token: () => token, clock: deafClock });
}

function ask(at: Lab, agent: Member, as?: Member) {
  const parts = partsOf(at, as?.token ?? at.admin, as?.id);
  const ready = Promise.resolve();
  const message = { agentId: agent.id, as: as?.id, text: "hello", files: [], ready, timeoutMs };
  return exchange(parts, { ...message, wait: true }, log);
}

/** The id of the message once the agent has it, and its sender has looked for the answer. */
async function taken(at: Lab, agent: Member, listener: Member): Promise<string> {
  await lookUntil(() => at.events.listeners(listener.id) === 1);
  const [row] = await at.feed(agent);
  return row.request_body.params.message.messageId;
}

function reply(at: Lab, from: Member, to: Member, text: string, messageId: string) {
  const message = {
    role: "agent",
    messageId: crypto.randomUUID(),
    parts: [{ kind: "text", text }],
    metadata: { molecule_reply: { to: messageId } },
  };
  const body = { jsonrpc: "2.0", id: "1", method: "message/send", params: { message } };
  const headers = { "x-workspace-id": from.id };
  return at.post(`/workspaces/${to.id}/a2a`, { token: from.token, headers, body });
}

const isLeft = (at: Lab, { id }: Member) => lookUntil(() => at.events.listeners(id) === 0);

describe.each(["r1", "r2"] as const)("woken by %s", (revision) => {
  test("a peer has its answer, and leaves the stream", async () => {
    await using at = await lab({ revision });
    const [agent, ada] = [await at.member("agent"), await at.member("ada")];
    const asking = ask(at, agent, ada);
    const id = await taken(at, agent, ada);
    await reply(at, agent, ada, "not to you", "another");
    await reply(at, agent, ada, "hello yourself", id);
    expect(await asking).toMatchObject({ status: "answered", answer: "hello yourself" });
    await isLeft(at, ada);
  });

  test("the canvas user has the agent's notice, and leaves the stream", async () => {
    await using at = await lab({ revision });
    const agent = await at.member("agent");
    const asking = ask(at, agent);
    await taken(at, agent, agent);
    for (const message of ["… on the way", "there you are"])
      await at.post(`/workspaces/${agent.id}/notify`, { token: agent.token, body: { message } });
    expect(await asking).toMatchObject({ status: "answered", answer: "there you are" });
    await isLeft(at, agent);
  });

  test("who delegated has the answer of a target that fetches its messages", async () => {
    await using at = await lab({ revision });
    const [agent, ada] = [await at.member("agent"), await at.member("ada")];
    const ending = delegation(at, ada, agent);
    await reply(at, agent, ada, "it is done", await taken(at, agent, ada));
    expect(await ending).toMatchObject({ status: "completed", answer: "it is done" });
    await isLeft(at, ada);
  });

  test("who delegated hears of the end from the platform", async () => {
    await using at = await lab({ revision });
    const [target, ada] = [await at.member("target"), await at.member("ada")];
    const { promise: working, resolve: answer } = Promise.withResolvers<void>();
    using agent = new Agent(async () => {
      await working;
      return Response.json({ result: { parts: [{ kind: "text", text: "pushed and done" }] } });
    });
    await registerPush(at, target, agent.url);
    const ending = delegation(at, ada, target);
    await lookUntil(() => agent.calls.length > 0 && at.events.listeners(ada.id) === 1);
    answer();
    expect(await ending).toMatchObject({ status: "completed", answer: "pushed and done" });
    await isLeft(at, ada);
  });
});

test("an agent in push mode that takes its time wakes the canvas user with its row", async () => {
  await using at = await lab({ revision: "r2" });
  const target = await at.member("target");
  const { promise: working, resolve: answer } = Promise.withResolvers<void>();
  using agent = new Agent(async () => {
    await working;
    return Response.json({ result: { parts: [{ kind: "text", text: "done at last" }] } });
  });
  await registerPush(at, target, agent.url);
  const asking = ask(at, target);
  await lookUntil(() => agent.calls.length > 0);
  at.clock.advance(90_000);
  await lookUntil(() => at.events.listeners(target.id) === 1);
  answer();
  expect(await asking).toMatchObject({ status: "answered", answer: "done at last" });
});

test("an answer on the open request takes no stream", async () => {
  const asked: string[] = [];
  await using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const path = new URL(request.url).pathname;
      asked.push(path.split("/").at(-1) ?? "");
      if (path.endsWith("/activity")) return Response.json([]);
      return Response.json({ result: { parts: [{ kind: "text", text: "here" }] } });
    },
  });
  const [agentId, as] = [crypto.randomUUID(), crypto.randomUUID()];
  const message = { agentId, as, text: "hello", files: [], ready: Promise.resolve(), timeoutMs };
  const ended = await exchange(partsFor(server.url.origin), { ...message, wait: true }, log);
  expect(ended.answer).toBe("here");
  expect(asked).toEqual(["activity", "a2a"]);
});

async function delegation(at: Lab, ada: Member, target: Member) {
  const platform = new Management(partsOf(at, ada.token));
  const taken = await platform.delegate(ada.id, { target_id: target.id, task: "do it" });
  const delegationId = String(get(taken, "delegation_id"));
  const order = { id: ada.id, targetId: target.id, delegationId, since: undefined };
  return awaitDelegation(platform, { ...order, timeoutMs, clock: deafClock }, log);
}
