/** Delegations: read in either shape, and never taken for answered when they were only handed over (T30). */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import {
  findDelegation,
  isQueued,
  readDelegation,
} from "../../../src/commands/workspace/delegation.ts";
import { delegationAnswer } from "../../../src/commands/workspace/delegation-end.ts";
import { jsonHere, runHere } from "../../harness/command.ts";
import { lookUntil } from "../../harness/wait.ts";
import { lab, type Lab, type Member } from "../dev/lab.ts";
import { Agent, registerPush } from "../dev/push-agent.ts";

setDefaultTimeout(60_000);

const QUEUED = '{"status":"queued","delivery_mode":"poll","method":"message/send"}';

describe("a row", () => {
  const ledger = { delegation_id: "d-1", target_id: "t", summary: "do it", _ledger: true };

  test.each([
    [{ status: "dispatched" }, "running"],
    [{ status: "pending" }, "running"],
    [{ status: "in_progress" }, "running"],
    [{ status: "completed", response_preview: "done" }, "completed"],
    [{ status: "completed", response_preview: QUEUED }, "handed over"],
    [{ status: "failed", error: "no" }, "failed"],
    [{ status: "stuck" }, "failed"],
  ])("of the ledger tells what became of it: %j", (row, outcome) => {
    const read = readDelegation({ ...ledger, ...row });
    expect(read).toMatchObject({ id: "d-1", targetId: "t", task: "do it", outcome });
    if (outcome === "handed over") expect(read?.answer).toBeUndefined();
  });

  test("of the activity log has its id under another name, and may come several times", () => {
    const rows = [
      { id: "row-2", delegation_id: "d-1", type: "delegation", status: "completed" },
      { id: "row-1", delegation_id: "d-1", type: "delegation", status: "pending" },
      { id: "d-2", type: "delegation", status: "pending" },
    ];
    expect(findDelegation(rows, "d-1")?.outcome).toBe("completed");
    expect(findDelegation(rows, "d-2")?.outcome).toBe("running");
    expect(findDelegation(rows, "d-3")).toBeUndefined();
  });

  test("of any shape throws nothing", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (row) => {
        readDelegation(row);
        delegationAnswer("t", "d")(row);
      }),
    );
  });

  test("whose result is cut is told to be queued all the same", () => {
    expect(isQueued(QUEUED.slice(0, -3))).toBe(true);
    expect(isQueued("the status is queued, the delivery_mode is poll")).toBe(false);
    expect(isQueued('{"status":"queued"}')).toBe(false);
  });
});

describe("the answer in the feed", () => {
  const find = delegationAnswer("t", "d-1");
  const message = (source_id: string, metadata: object) => ({
    source_id,
    request_body: { params: { message: { parts: [{ kind: "text", text: "done" }], metadata } } },
  });

  test("is the target's, by our mark or by the id in its metadata", () => {
    expect(find(message("T", { molecule_reply: { to: "d-1" } }))).toMatchObject({ text: "done" });
    expect(find(message("t", { delegation_id: "d-1" }))).toMatchObject({ text: "done" });
    expect(find(message("t", { delegation_id: "d-2" }))).toBeUndefined();
    expect(find(message("x", { delegation_id: "d-1" }))).toBeUndefined();
    expect(find(message("t", { molecule_reply: { to: "d-1", failed: true } }))?.failed).toBe(true);
  });

  test("is the platform's row of the result, unless that is the word that it was queued", () => {
    const result = (text: string, status = "ok") => ({
      method: "delegate_result",
      source_id: "own",
      status,
      request_body: { delegation_id: "d-1" },
      response_body: { text, delegation_id: "d-1" },
    });
    expect(find(result("done"))).toMatchObject({ text: "done", failed: false });
    expect(find(result("no", "error"))).toMatchObject({ text: "no", failed: true });
    expect(find(result(QUEUED))).toBeUndefined();
  });
});

const envOf = ({ platform }: Lab, { token }: Member) => ({
  MOLECULE_API_URL: platform.url,
  MOLECULE_STATE_DIR: "/nowhere",
  MOLECULE_WORKSPACE_TOKEN: token,
});

const delegate = (from: Member, ...words: string[]) => ["workspace", "delegate", from.id, ...words];

const done = (text: string) =>
  Response.json({ jsonrpc: "2.0", id: "1", result: { parts: [{ kind: "text", text }] } });

describe.each(["r1", "r2"] as const)("workspace delegate (%s)", (revision) => {
  test("hands the task over and says so, without an answer", async () => {
    await using at = await lab({ revision });
    const [ada, agent] = [await at.member("ada"), await at.member("agent")];
    const { code, data } = await jsonHere(delegate(ada, agent.id, "do it"), envOf(at, ada));
    expect(code).toBe(0);
    expect(data).toMatchObject({ status: "delegated", target_id: agent.id });
    await lookUntil(async () => (await at.feed(agent)).length > 0);
    const message = (await at.feed(agent))[0].request_body.params.message;
    expect(message.parts[0].text).toBe("do it");

    const listed = await runHere(["workspace", "delegations", ada.id], envOf(at, ada));
    expect(listed.out).toMatch(/completed +handed over/);
    expect(listed.out).not.toContain("delivery_mode");
    const json = await jsonHere(["workspace", "delegations", ada.id], envOf(at, ada));
    expect(json.data[0]).toMatchObject({
      delegation_id: data.delegation_id,
      status: "completed",
      response_preview: QUEUED,
      _outcome: "handed over",
    });
    const one = await runHere(
      ["workspace", "delegations", ada.id, data.delegation_id.slice(0, 8)],
      envOf(at, ada),
    );
    expect(one.out).toMatch(/^outcome +handed over$/m);
  });

  test("with --wait prints what the target sends back, not that it was queued", async () => {
    await using at = await lab({ revision });
    const [ada, agent] = [await at.member("ada"), await at.member("agent")];
    const waiting = runHere(delegate(ada, agent.id, "do it", "--wait"), envOf(at, ada));
    await lookUntil(async () => (await at.feed(agent)).length > 0);
    const { messageId } = (await at.feed(agent))[0].request_body.params.message;
    const message = {
      role: "agent",
      messageId: "m-1",
      parts: [{ kind: "text", text: "it is done" }],
      metadata: { molecule_reply: { to: messageId } },
    };
    const body = { jsonrpc: "2.0", id: "1", method: "message/send", params: { message } };
    const headers = { "x-workspace-id": agent.id };
    await at.post(`/workspaces/${ada.id}/a2a`, { token: agent.token, headers, body });
    expect(await waiting).toEqual({ code: 0, out: "it is done\n", err: "" });
  });

  test("with --wait under the key of a task that was answered long ago prints that answer", async () => {
    await using at = await lab({ revision });
    const [ada, agent] = [await at.member("ada"), await at.member("agent")];
    const words = delegate(ada, agent.id, "do it", "--idempotency-key", "k-1");
    const { data } = await jsonHere(words, envOf(at, ada));
    const message = {
      role: "agent",
      messageId: "m-1",
      parts: [{ kind: "text", text: "it is done" }],
      metadata: { molecule_reply: { to: data.delegation_id } },
    };
    const body = { jsonrpc: "2.0", id: "1", method: "message/send", params: { message } };
    const headers = { "x-workspace-id": agent.id };
    await at.post(`/workspaces/${ada.id}/a2a`, { token: agent.token, headers, body });
    const again = await runHere([...words, "--wait", "--timeout", "5s"], envOf(at, ada));
    expect(again).toEqual({ code: 0, out: "it is done\n", err: "" });
  });

  test("with --wait gives up in the end, and says how to look", async () => {
    await using at = await lab({ revision });
    const [ada, agent] = [await at.member("ada"), await at.member("agent")];
    const words = delegate(ada, agent.id, "do it", "--wait", "--timeout", "1s");
    const { code, out, err } = await runHere(words, envOf(at, ada));
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("no answer within 1 s");
    expect(err).toContain(`molecule workspace logs ${ada.id}`);
  });

  test("with --wait prints the answer of a target that is pushed to", async () => {
    await using at = await lab({ revision });
    const [ada, agent] = [await at.member("ada"), await at.member("agent")];
    using server = new Agent(() => done("pushed and done"));
    await registerPush(at, agent, server.url);
    const words = delegate(ada, "--target", agent.id, "--task", "do it", "--wait");
    expect(await runHere(words, envOf(at, ada))).toEqual({
      code: 0,
      out: "pushed and done\n",
      err: "",
    });
  });

  test("with --wait ends with 1 where the task failed", async () => {
    await using at = await lab({ revision });
    const [ada, agent] = [await at.member("ada"), await at.member("agent")];
    using server = new Agent(() => Response.json({ error: "broken" }, { status: 500 }));
    await registerPush(at, agent, server.url);
    const failed = await runHere(delegate(ada, agent.id, "do it", "--wait"), envOf(at, ada));
    expect({ code: failed.code, out: failed.out }).toEqual({ code: 1, out: "" });
    expect(failed.err).toContain("the delegation failed");
    const listed = await runHere(["workspace", "delegations", ada.id], envOf(at, ada));
    expect(listed.out).toMatch(/failed +failed/);
  });

  test("takes one task under one key", async () => {
    await using at = await lab({ revision });
    const [ada, agent] = [await at.member("ada"), await at.member("agent")];
    const words = delegate(ada, agent.id, "do it", "--idempotency-key", "k-1");
    const first = await jsonHere(words, envOf(at, ada));
    const second = await jsonHere(words, envOf(at, ada));
    expect(second.data.delegation_id).toBe(first.data.delegation_id);
    expect(
      (await jsonHere(["workspace", "delegations", ada.id], envOf(at, ada))).data,
    ).toHaveLength(1);
  });

  test.each([
    ["to itself", (ada: Member) => delegate(ada, ada.id, "x"), "itself"],
    ["without a target", (ada: Member) => delegate(ada), "target is missing"],
    ["without a task", (ada: Member) => delegate(ada, ada.id), "task is missing"],
    [
      "with two targets",
      (ada: Member) => delegate(ada, ada.id, "x", "--target", ada.id),
      "target was given twice",
    ],
  ])("%s is wrong usage", async (_, words, said) => {
    await using at = await lab({ revision });
    const ada = await at.member("ada");
    const { code, out, err } = await runHere(words(ada), envOf(at, ada));
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(said);
  });
});

test("workspace delegate asks again under the same key where it is not known whether it was taken", async () => {
  const keys: string[] = [];
  using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const body = (await request.json()) as { idempotency_key: string; target_id: string };
      keys.push(body.idempotency_key);
      if (keys.length === 1) return Response.json({ error: "oops" }, { status: 502 });
      const { target_id } = body;
      return Response.json({ delegation_id: "d", status: "delegated", target_id }, { status: 202 });
    },
  });
  const [from, to] = [crypto.randomUUID(), crypto.randomUUID()];
  const env = {
    MOLECULE_API_URL: server.url.origin,
    MOLECULE_STATE_DIR: "/nowhere",
    MOLECULE_WORKSPACE_TOKEN: "t",
  };
  const { code } = await runHere(["workspace", "delegate", from, to, "do it"], env);
  expect(code).toBe(0);
  expect(keys).toHaveLength(2);
  expect(new Set(keys).size).toBe(1);
  expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
});
