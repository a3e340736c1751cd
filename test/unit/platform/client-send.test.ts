import { describe, expect, test } from "bun:test";
import { buildReply } from "../../../src/a2a/reply.ts";
import { clientFor, failureOf } from "../../harness/client.ts";
import { head, RawServer } from "../../harness/raw-server.ts";
import { PEER, ScriptedPlatform } from "../../harness/scripted-platform.ts";

const REPLY = buildReply(
  { activityId: "act-1", messageId: "m", contextId: undefined, taskId: undefined },
  "hello",
  "answer",
);

describe("send", () => {
  const HTML = { "content-type": "text/html" };
  const rpc = (part: object) => ({ jsonrpc: "2.0", id: "1", ...part });

  test.each<[string, Response, { queued: boolean; note: string | undefined }]>([
    [
      "queued",
      Response.json({ status: "queued", delivery_mode: "poll" }),
      { queued: true, note: undefined },
    ],
    [
      "202",
      Response.json({ queued: true, queue_id: "q" }, { status: 202 }),
      { queued: true, note: undefined },
    ],
    ["a result", Response.json(rpc({ result: { parts: [] } })), { queued: false, note: undefined }],
    [
      "an error",
      Response.json(rpc({ error: { code: -1, message: "no\nway" } })),
      { queued: false, note: "no way" },
    ],
    [
      "an error's text",
      Response.json({ error: "agent was silent" }),
      { queued: false, note: "agent was silent" },
    ],
    ["a list", Response.json([1]), { queued: false, note: undefined }],
    ["nothing", new Response(null, { status: 204 }), { queued: false, note: undefined }],
    ["an empty body", new Response(""), { queued: false, note: undefined }],
    ["broken JSON", new Response('{"resu'), { queued: false, note: undefined }],
    ["too much", new Response(" ".repeat(11 * 1024 * 1024)), { queued: false, note: undefined }],
  ])("is done with any 2xx: %s", async (_, response, end) => {
    await using platform = new ScriptedPlatform();
    platform.on("a2a", () => response.clone() as Response);
    expect(await clientFor(platform.url).send(PEER, REPLY)).toMatchObject(end);
    expect(platform.seen[0]?.body).toEqual(JSON.parse(JSON.stringify(REPLY)));
  });

  test("is done with a 2xx whose body is cut off: it has arrived, and must not be sent again", async () => {
    const headers = { "content-type": "application/json", "content-length": "100" };
    using server = new RawServer((socket) => socket.end(`${head("200 OK", headers)}{"resu`));
    const sent = await clientFor(server.url).send(PEER, REPLY);
    expect(sent).toEqual({ queued: false, body: undefined, note: undefined });
  });

  test("is not done with a web page, which something in between has answered", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("a2a", () => new Response("<html>", { headers: HTML }));
    const { failure } = await failureOf(clientFor(platform.url).send(PEER, REPLY));
    expect(failure).toMatchObject({ verdict: "transient", status: 200 });
  });

  test("keeps a complaint short, however long it is", async () => {
    await using platform = new ScriptedPlatform();
    platform.on("a2a", () => Response.json({ error: "long ".repeat(10_000) }));
    const { note } = await clientFor(platform.url).send(PEER, REPLY);
    expect(note?.length).toBe(200);
  });

  test("never leaves its place, whatever the peer's id is", async () => {
    await using platform = new ScriptedPlatform();
    await clientFor(platform.url)
      .send("../../registry/register?", REPLY)
      .catch(() => {});
    await failureOf(clientFor(platform.url).send("..", REPLY));
    expect(platform.seen.map((seen) => seen.path)).toEqual([
      "/workspaces/..%2F..%2Fregistry%2Fregister%3F/a2a",
    ]);
  });
});
