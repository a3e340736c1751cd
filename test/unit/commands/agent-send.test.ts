/** `molecule agent send`: every way that an answer may take. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Done, jsonHere, runHere } from "../../harness/command.ts";
import { lookUntil } from "../../harness/wait.ts";
import { lab, type Lab, type Member } from "../dev/lab.ts";
import { Agent, registerPush } from "../dev/push-agent.ts";

setDefaultTimeout(60_000);

const QUEUE = "55555555-5555-4555-8555-555555555555";
const TARGET = "11111111-1111-4111-8111-111111111111";
const ME = "22222222-2222-4222-8222-222222222222";

const envOf = (url: string, more: Record<string, string>) => ({
  MOLECULE_API_URL: url,
  MOLECULE_STATE_DIR: "/nowhere",
  ...more,
});
const asCanvas = ({ platform, admin }: Lab) => envOf(platform.url, { MOLECULE_API_TOKEN: admin });
const asPeer = ({ platform }: Lab, { token }: Member) =>
  envOf(platform.url, { MOLECULE_WORKSPACE_TOKEN: token });

const said = (text: string) => ({
  jsonrpc: "2.0",
  id: "1",
  result: { kind: "message", role: "agent", parts: [{ kind: "text", text }] },
});

/** Resolves with the id of the message once the target has it. */
async function arrived(at: Lab, target: Member): Promise<string> {
  let id: string | undefined;
  await lookUntil(async () => {
    id = (await at.feed(target))[0]?.request_body.params.message.messageId;
    return id !== undefined;
  });
  return id ?? "";
}

/** A peer's answer, marked as the bridge marks it. */
function reply(at: Lab, from: Member, to: Member, text: string, mark: object) {
  const message = {
    role: "agent",
    messageId: crypto.randomUUID(),
    parts: [{ kind: "text", text }],
    metadata: { molecule_reply: mark },
  };
  const body = { jsonrpc: "2.0", id: "1", method: "message/send", params: { message } };
  const headers = { "x-workspace-id": from.id };
  return at.post(`/workspaces/${to.id}/a2a`, { token: from.token, headers, body });
}

describe.each(["r1", "r2"] as const)("an agent that fetches its messages (%s)", (revision) => {
  test("is waited for by default, and its marked answer printed", async () => {
    await using at = await lab({ revision });
    const agent = await at.member("agent");
    const ada = await at.member("ada");
    const sending = runHere(["agent", "send", agent.id, "hello", "--as", ada.id], asPeer(at, ada));
    const id = await arrived(at, agent);
    await reply(at, agent, ada, "not to you", { to: "another" });
    await reply(at, agent, ada, "hello yourself", { to: id });
    expect(await sending).toEqual({ code: 0, out: "hello yourself\n", err: "" });
  });

  test("that says that it can't answer makes a failure", async () => {
    await using at = await lab({ revision });
    const agent = await at.member("agent");
    const ada = await at.member("ada");
    const sending = runHere(["agent", "send", agent.id, "hello", "--as", ada.id], asPeer(at, ada));
    await reply(at, agent, ada, "it \x1b[2Jbroke", { to: await arrived(at, agent), failed: true });
    const { code, out, err } = await sending;
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("it \\u001b[2Jbroke");
  });

  test("answers the canvas user by what it says next", async () => {
    await using at = await lab({ revision });
    const agent = await at.member("agent");
    const sending = runHere(["agent", "send", agent.id, "hello"], asCanvas(at));
    await arrived(at, agent);
    const say = (message: string) =>
      at.post(`/workspaces/${agent.id}/notify`, { token: agent.token, body: { message } });
    await say("… on the way");
    await say("there you are");
    expect(await sending).toEqual({ code: 0, out: "there you are\n", err: "" });
  });

  test("is not waited for with --no-wait", async () => {
    await using at = await lab({ revision });
    const agent = await at.member("agent");
    const { code, data } = await jsonHere(
      ["agent", "send", agent.id, "hello", "--no-wait"],
      asCanvas(at),
    );
    expect(code).toBe(0);
    expect(data).toEqual({ message_id: await arrived(at, agent), status: "queued" });
  });

  test("is found by its name, by an administrator and by a peer that sees it", async () => {
    await using at = await lab({ revision });
    const parent = await at.member("parent");
    const child = await at.member("the child", { parent_id: parent.id });
    const asAdmin = await runHere(["agent", "send", "the child", "x", "--no-wait"], asCanvas(at));
    expect(asAdmin.code).toBe(0);
    const sibling = await at.member("sibling", { parent_id: parent.id });
    const words = ["agent", "send", "sibling", "x", "--as", child.id, "--no-wait"];
    expect((await runHere(words, asPeer(at, child))).code).toBe(0);
    expect(await at.feed(sibling)).toHaveLength(1);
    const unknown = await runHere(
      ["agent", "send", "nobody", "x", "--as", child.id],
      asPeer(at, child),
    );
    expect(unknown).toMatchObject({ code: 1, out: "" });
    expect(unknown.err).toContain("Give the id");
  });

  test("takes nothing from itself", async () => {
    await using at = await lab({ revision });
    const agent = await at.member("agent");
    const words = ["agent", "send", agent.id.toUpperCase(), "x", "--as", agent.id];
    expect(await runHere(words, asPeer(at, agent))).toMatchObject({ code: 2, out: "" });
    expect(await at.feed(agent)).toEqual([]);
  });
});

describe("an agent that is pushed to", () => {
  test.each(["r1", "r2"] as const)("answers on the open request (%s)", async (revision) => {
    await using at = await lab({ revision });
    using agent = new Agent(() => Response.json(said("done")));
    const target = await at.member("target");
    await registerPush(at, target, agent.url);
    const ada = await at.member("ada");
    const words = ["agent", "send", target.id, "work"];
    const done: Done = { code: 0, out: "done\n", err: "" };
    expect(await runHere(words, asCanvas(at))).toEqual(done);
    expect(await runHere([...words, "--as", ada.id], asPeer(at, ada))).toEqual(done);
  });

  test("and takes its time answers the canvas user in the feed", async () => {
    await using at = await lab({ revision: "r2" });
    const { promise: working, resolve: answer } = Promise.withResolvers<void>();
    using agent = new Agent(async () => {
      await working;
      return Response.json(said("done at last"));
    });
    const target = await at.member("target");
    await registerPush(at, target, agent.url);
    const sending = runHere(["agent", "send", target.id, "work"], asCanvas(at));
    await lookUntil(() => agent.calls.length > 0);
    // The platform tells the sender that the answer comes later.
    at.clock.advance(90_000);
    answer();
    expect(await sending).toEqual({ code: 0, out: "done at last\n", err: "" });
  });

  test("and fails after a while is told to the canvas user as a failure", async () => {
    await using at = await lab({ revision: "r2" });
    const { promise: working, resolve: answer } = Promise.withResolvers<void>();
    using agent = new Agent(async () => {
      await working;
      return Response.json({ error: "x" }, { status: 400 });
    });
    const target = await at.member("target");
    await registerPush(at, target, agent.url);
    const sending = runHere(["agent", "send", target.id, "work"], asCanvas(at));
    await lookUntil(() => agent.calls.length > 0);
    at.clock.advance(90_000);
    answer();
    const { code, err } = await sending;
    expect(code).toBe(1);
    expect(err).toContain("400");
  });
});

/** A platform whose one agent is busy: the entry of its queue is what `look` gives. */
function busyPlatform(look: (nth: number) => Response) {
  let looks = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith("/activity")) return Response.json([]);
      if (pathname.endsWith("/a2a")) {
        return Response.json({ queued: true, queue_id: QUEUE, queue_depth: 1 }, { status: 202 });
      }
      if (pathname === `/workspaces/${TARGET}/a2a/queue/${QUEUE}`) return look(++looks);
      return Response.json({ error: "not found" }, { status: 404 });
    },
  });
  return {
    url: server.url.origin,
    get looks() {
      return looks;
    },
    [Symbol.dispose]: () => void server.stop(true),
  };
}

describe("an agent that is busy", () => {
  const entry = (more: object) => Response.json({ queue_id: QUEUE, workspace_id: TARGET, ...more });
  const words = ["agent", "send", TARGET, "work", "--as", ME];
  const completed = (response_body: unknown) => entry({ status: "completed", response_body });
  const env = (url: string) => envOf(url, { MOLECULE_WORKSPACE_TOKEN: "t" });
  const base64 = (body: object) => Buffer.from(JSON.stringify(body)).toString("base64");

  test.each<[name: string, body: unknown]>([
    ["in base64, as revision 1 has it", base64(said("done"))],
    ["as it is, as revision 2 has it", said("done")],
  ])("answers from its queue: %s", async (_, response_body) => {
    using platform = busyPlatform((nth) =>
      nth === 1 ? entry({ status: "queued" }) : completed(response_body),
    );
    expect(await runHere(words, env(platform.url))).toEqual({ code: 0, out: "done\n", err: "" });
    expect(platform.looks).toBe(2);
  });

  test.each([
    [{ status: "dropped" }, "dropped"],
    [{ status: "failed", last_error: "it is gone" }, "it is gone"],
    [{ status: "completed", response_body: { error: { code: 1, message: "no" } } }, "no"],
    [{ status: "completed" }, "without a text"],
  ])("may fail: %j", async (told, words1) => {
    using platform = busyPlatform(() => entry(told));
    const { code, out, err } = await runHere(words, env(platform.url));
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain(words1);
  });

  test("whose queue we may not see is waited for in the feed", async () => {
    using platform = busyPlatform(() => Response.json({ error: "not found" }, { status: 404 }));
    const { code, err } = await runHere([...words, "--timeout", "1s"], env(platform.url));
    expect(code).toBe(1);
    expect(err).toContain("no answer within 1 s");
    expect(platform.looks).toBe(1);
  });

  test("is not waited for with --no-wait", async () => {
    using platform = busyPlatform(() => entry({ status: "queued" }));
    const { data } = await jsonHere([...words, "--no-wait"], env(platform.url));
    expect(data.status).toBe("queued");
    expect(platform.looks).toBe(0);
  });
});

describe("at a platform that says nothing", () => {
  const never = () => new Promise<Response>(() => {});
  const mute = (answer: (path: string) => Response | undefined = () => undefined) =>
    Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: (request) => answer(new URL(request.url).pathname) ?? never(),
    });
  // One call alone may take fifteen seconds.
  const MOST_MS = 14_000;

  test.each([
    ["a workspace that is looked at", TARGET],
    ["a name that is looked up", "reader"],
  ])("--timeout holds for %s", async (_, target) => {
    await using server = mute();
    const began = performance.now();
    const words = ["agent", "send", target, "hello", "--timeout", "1s"];
    const env = envOf(server.url.origin, { MOLECULE_API_TOKEN: "t" });
    const { code, out, err } = await runHere(words, env);
    const ms = performance.now() - began;
    await server.stop(true);
    expect({ code, out }).toEqual({ code: 4, out: "" });
    expect(err).toContain("Nothing was sent");
    expect(ms).toBeLessThan(MOST_MS);
  });

  test("a look at the workspace that takes too long does not keep the message from being sent", async () => {
    await using server = mute((path) =>
      path.endsWith("/activity")
        ? Response.json([])
        : path.endsWith("/a2a")
          ? Response.json(said("here"))
          : undefined,
    );
    const began = performance.now();
    const words = ["agent", "send", TARGET, "hello", "--timeout", "3s"];
    const env = envOf(server.url.origin, { MOLECULE_API_TOKEN: "t" });
    const { code, out, err } = await runHere(words, env);
    expect(performance.now() - began).toBeLessThan(MOST_MS);
    await server.stop(true);
    expect({ code, out, err }).toEqual({ code: 0, out: "here\n", err: "" });
  });
});
