/** What the person at the canvas does through the page: messages, files, another try. */
import { expect, test } from "bun:test";
import { MoleculeError } from "../../../src/shared/errors.ts";
import { NO_SUCH_HOST } from "../../harness/unresolvable.ts";
import { lookUntil } from "../../harness/wait.ts";
import { NOBODY } from "../dev/lab.ts";
import { Agent, registerPush } from "../dev/push-agent.ts";
import { pageLab, type PageLab } from "./lab.ts";

async function uploaded(lab: PageLab, id: string, name = "a.txt", type = "text/plain") {
  const form = new FormData();
  form.append("files", new File(["some bytes"], name, { type }));
  const response = await fetch(`${lab.at.platform.url}/page/api/workspaces/${id}/files`, {
    method: "POST",
    headers: { authorization: "Bearer page-token-0123456789" },
    body: form,
  });
  expect(response.status).toBe(200);
  const { files } = (await response.json()) as { files: any[] };
  return files[0];
}

test.each(["r1", "r2"] as const)(
  "%s: a message arrives as the canvas sends it",
  async (revision) => {
    await using lab = await pageLab({ revision });
    const agent = await lab.at.member("agent");
    const messageId = crypto.randomUUID();
    const answer = await lab.say(agent.id, "hello\nthere", { messageId });
    expect([answer.status, answer.body]).toEqual([200, { status: "queued" }]);
    const [row] = await lab.at.feed(agent);
    expect(row).toMatchObject({ source_id: null, method: "message/send", status: "ok" });
    expect(row.request_body.params.message).toMatchObject({
      role: "user",
      messageId,
      parts: [{ kind: "text", type: "text", text: "hello\nthere" }],
    });
  },
);

test("a message that is sent again is no second one", async () => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  const messageId = crypto.randomUUID();
  for (const _ of [1, 2]) {
    expect((await lab.say(agent.id, "hello", { messageId })).status).toBe(200);
  }
  expect(await lab.at.feed(agent)).toHaveLength(1);
});

test.each<[string, object, string]>([
  ["no id", { messageId: undefined }, "messageId must be a UUID"],
  ["an id that is none", { messageId: "m-1" }, "messageId must be a UUID"],
  ["an id that is no text", { messageId: 7 }, "invalid request body"],
  ["a text that is none", { text: { a: 1 } }, "invalid request body"],
  ["no text", { text: "" }, "there is nothing to send"],
  ["white space", { text: " \n\t" }, "there is nothing to send"],
  ["files that are no list", { files: "x" }, "invalid request body"],
  ["too many files", { files: Array(11).fill({}) }, "a message may have 10 files"],
])("a message with %s is refused", async (_, more, error) => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  const answer = await lab.say(agent.id, "hello", { ...more });
  expect([answer.status, answer.body]).toEqual([400, { error }]);
  expect(await lab.at.feed(agent)).toEqual([]);
});

test.each(["[]", "", "{", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`])(
  "a body that is no message is refused: %#",
  async (raw) => {
    await using lab = await pageLab();
    const { id } = await lab.at.member("agent");
    const answer = await lab.api("POST", `workspaces/${id}/messages`, { raw });
    expect(answer.status).toBe(400);
  },
);

test("a message that no platform would take whole is refused, and told where it goes", async () => {
  await using lab = await pageLab({ revision: "r1" });
  const agent = await lab.at.member("agent");
  // Three bytes each in UTF-8; the second is within the limit until it is wrapped.
  for (const text of ["€".repeat(400_000), "x".repeat(999_900)]) {
    const answer = await lab.say(agent.id, text);
    expect(answer.status).toBe(413);
    expect(answer.body.error).toBe("the message is too long");
    expect(answer.body.hint).toContain("goes in a file");
  }
  expect((await lab.say(agent.id, "x".repeat(900_000))).status).toBe(200);
  const [row] = await lab.at.feed(agent);
  expect(row.request_body.params.message.parts[0].text).toHaveLength(900_000);
});

test("messages for nobody are refused", async () => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  expect((await lab.say(NOBODY, "hello")).status).toBe(404);
  expect((await lab.say("agent", "hello")).status).toBe(404);
  await lab.at.remove(agent, "agent");
  const answer = await lab.say(agent.id, "hello");
  expect([answer.status, answer.body]).toEqual([404, { error: "workspace not found" }]);
});

test("files go up, in a message, and down again", async () => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  const file = await uploaded(lab, agent.id, "ä b.txt");
  expect(file).toEqual({
    uri: expect.stringMatching(new RegExp(`^platform-pending:${agent.id}/[0-9a-f-]{36}$`)),
    name: "ä b.txt",
    mimeType: "text/plain",
    size: 10,
  });
  // What the page says of it otherwise does not count.
  const files = [{ ...file, name: "<b>", mimeType: "text/html", size: 1 }];
  expect((await lab.say(agent.id, "", { files })).status).toBe(200);
  const { body } = await lab.rows(agent.id, "conversation");
  const [row] = body.rows;
  const path = `workspaces/${agent.id}/files/${file.uri.slice(-36)}`;
  expect(row.said.files).toEqual([{ name: "ä b.txt", mimeType: "text/plain", size: 10, path }]);
  const [sent] = await lab.at.feed(agent);
  expect(sent.request_body.params.message.parts[1]).toEqual({ kind: "file", type: "file", file });
  const bytes = await lab.api("GET", path);
  expect([bytes.status, bytes.body]).toEqual([200, "some bytes"]);
});

test.each<[string, string]>([
  ["image/png", "image/png"],
  ["image/svg+xml", "application/octet-stream"],
  ["text/html", "application/octet-stream"],
  ["text/javascript", "application/octet-stream"],
  ["application/pdf", "application/octet-stream"],
])("a file of the type %s is given out as %s, and only to be saved", async (type, shown) => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  const { uri } = await uploaded(lab, agent.id, "x", type);
  const { headers } = await lab.api("GET", `workspaces/${agent.id}/files/${uri.slice(-36)}`);
  expect(headers.get("content-type")).toBe(shown);
  expect(headers.get("content-disposition")).toStartWith("attachment;");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("content-security-policy")).toContain("default-src 'none'");
});

test("a message can't name files that are not this workspace's", async () => {
  await using lab = await pageLab();
  const [agent, ada] = [await lab.at.member("agent"), await lab.at.member("ada")];
  const { uri } = await uploaded(lab, ada.id);
  const uris = [uri, `platform-pending:${agent.id}/${NOBODY}`, "file:///etc/passwd", "", 7];
  for (const one of uris) {
    const files = [{ uri: one, name: "x", mimeType: "x", size: 1 }];
    const answer = await lab.say(agent.id, "hello", { files });
    expect([answer.status, answer.body.hint]).toEqual([400, "add it again"]);
  }
  expect((await lab.api("GET", `workspaces/${agent.id}/files/${uri.slice(-36)}`)).status).toBe(404);
  expect((await lab.api("GET", `workspaces/${agent.id}/files/..%2f..`)).status).toBe(404);
});

test("files that can't be handed in are refused in words", async () => {
  await using lab = await pageLab();
  const { id } = await lab.at.member("agent");
  const answer = await lab.api("POST", `workspaces/${id}/files`, { body: {} });
  expect([answer.status, answer.body.error]).toEqual([
    400,
    'send multipart/form-data with the field "files"',
  ]);
});

test("an agent in push mode that answers at once has answered", async () => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  using server = new Agent(() =>
    Response.json({ result: { parts: [{ kind: "text", text: "yes" }] } }),
  );
  await registerPush(lab.at, agent, server.url);
  expect((await lab.say(agent.id, "hello")).body).toEqual({ status: "answered" });
  const { body } = await lab.rows(agent.id, "conversation");
  expect([body.rows[0].said.text, body.rows[0].answer.text]).toEqual(["hello", "yes"]);
});

test("nobody waits for an agent in push mode that takes its time; its answer is kept", async () => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  const gate = Promise.withResolvers<Response>();
  using server = new Agent(() => gate.promise);
  await registerPush(lab.at, agent, server.url);
  const saying = lab.say(agent.id, "hello");
  await lookUntil(() => server.calls.length > 0);
  lab.at.clock.advance(1_000);
  const answer = await saying;
  expect([answer.status, answer.body]).toEqual([200, { status: "sent" }]);
  expect((await lab.rows(agent.id, "conversation")).body.rows).toEqual([]);
  gate.resolve(Response.json({ result: "at last" }));
  await lookUntil(
    async () => (await lab.rows(agent.id, "conversation")).body.rows[0]?.answer?.text === "at last",
  );
});

test("what is refused once nobody waits any more is no fault of the platform", async () => {
  const errors: unknown[] = [];
  await using lab = await pageLab({ onError: (error) => errors.push(error) });
  const agent = await lab.at.member("agent");
  using server = new Agent(() => Response.json({ result: "x" }));
  await registerPush(lab.at, agent, server.url);
  // Its name is looked up, and by then all patience is at its end.
  lab.at.platform.database.workspaces.change(agent.id, { url: `http://${NO_SUCH_HOST}/` });
  const { clock } = lab.at;
  const { sleep } = clock;
  clock.sleep = (ms, signal) => (ms === 1_000 ? Promise.resolve() : sleep.call(clock, ms, signal));
  const answer = await lab.say(agent.id, "hello");
  expect([answer.status, answer.body]).toEqual([200, { status: "sent" }]);
  await lab.dev.errands.settle();
  expect(errors).toEqual([]);
});

test("an agent in push mode that can't be reached is told of, and its row", async () => {
  await using lab = await pageLab();
  const agent = await lab.at.member("agent");
  using server = new Agent(() => Response.json({ result: "x" }));
  await registerPush(lab.at, agent, server.url);
  server[Symbol.dispose]();
  const answer = await lab.say(agent.id, "hello");
  expect(answer.status).toBe(502);
  expect(answer.body.error).toStartWith("the agent did not take the message: ");
  expect(answer.body.hint).toBeString();
  const { body } = await lab.rows(agent.id, "conversation");
  expect(body.rows[0]).toMatchObject({ kind: "user", status: "error", error: expect.any(String) });
});

test("a message that was given up is tried again by its bridge", async () => {
  await using lab = await pageLab();
  const { id } = await lab.at.member("agent");
  const path = `workspaces/${id}/dead-letters/${NOBODY}/retry`;
  const retry = () => lab.api("POST", path, { body: {} });
  lab.bridges.stand(id, NOBODY, { state: "dead" });
  expect((await retry()).body).toEqual({ status: "retried" });
  expect(lab.bridges.retried).toEqual([`${id} ${NOBODY}`]);
  const none = await retry();
  expect([none.status, none.body.error]).toEqual([404, "no message with this id was given up"]);
  const asked: string[] = [];
  lab.bridges.retry = (...ids) => {
    asked.push(...ids);
    throw new MoleculeError("the store can't be written", { hint: "free some space" });
  };
  const failed = await retry();
  expect([failed.status, failed.body]).toEqual([
    503,
    { error: "the store can't be written", hint: "free some space" },
  ]);
  expect((await lab.api("POST", `workspaces/${NOBODY}/dead-letters/${NOBODY}/retry`)).status).toBe(
    404,
  );
  expect((await lab.api("POST", `workspaces/${id}/dead-letters/x/retry`)).status).toBe(404);
  expect(asked).toEqual([id, NOBODY]);
});
