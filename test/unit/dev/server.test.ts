import { expect, test } from "bun:test";
import type { RequestLine } from "../../../src/dev/handle.ts";
import { startDevPlatform } from "../../../src/dev/server.ts";
import { lab, NOBODY } from "./lab.ts";

test("health and buildinfo are open to all", async () => {
  await using at = await lab();
  expect((await at.get("/health")).body).toEqual({ status: "ok" });
  expect((await at.get("/buildinfo")).body).toEqual({ git_sha: "dev" });
});

test.each([
  ["GET", "/"],
  ["GET", "/agents"],
  ["GET", "/agents/1"],
  ["POST", "/health"],
  ["GET", "/health/"],
  ["GET", `/workspaces/${NOBODY}/agents`],
  ["PUT", `/workspaces/${NOBODY}`],
  ["GET", "/workspaces//activity"],
  ["GET", "/workspaces/%zz"],
  ["GET", "/constructor"],
])("%s %s is a 404 in JSON", async (method, path) => {
  await using at = await lab();
  const answer = await at.ask(method, path, { token: at.admin });
  expect([answer.status, answer.body]).toEqual([404, { error: "not found" }]);
});

test.each<[string, number]>([
  ["localhost", 200],
  ["localhost:8080", 200],
  ["127.0.0.1:1", 200],
  ["127.8.8.8", 200],
  ["[::1]:8080", 200],
  ["evil.example", 403],
  ["localhost.evil.example", 403],
  ["127.0.0.1.evil.example", 403],
  ["localhost@evil.example", 403],
  ["0.0.0.0", 403],
])("a request for the host %s is a %i", async (host, status) => {
  await using at = await lab();
  expect((await at.get("/health", { headers: { host } })).status).toBe(status);
});

test.each<[string, number]>([
  ["http://localhost:3000", 200],
  ["http://127.0.0.1:8080", 200],
  ["https://evil.example", 403],
  ["null", 403],
])("a request from a page of %s is a %i", async (origin, status) => {
  await using at = await lab();
  expect((await at.get("/health", { headers: { origin } })).status).toBe(status);
});

test("a request without a host is refused, and nothing else is said", async () => {
  await using at = await lab();
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: at.platform.port,
    socket: {
      data: (_, data) => void (text += data.toString()),
      close: () => resolve(text),
    },
  });
  socket.write("GET /health HTTP/1.0\r\n\r\n");
  expect(await promise).toStartWith("HTTP/1.1 403");
});

test("a fault inside is a bare 500 to the caller and told to the operator", async () => {
  const errors: unknown[] = [];
  await using at = await lab({ onError: (error) => errors.push(error) });
  const otter = await at.member("otter");
  at.platform.database.workspaces.change(otter.id, { agent_card: "{broken" });
  const answer = await at.get(`/workspaces/${otter.id}`);
  expect([answer.status, answer.body]).toEqual([500, { error: "internal error" }]);
  expect(errors).toEqual([expect.any(SyntaxError)]);
});

test("each request is told with its status, and without its query", async () => {
  const lines: RequestLine[] = [];
  await using at = await lab({ onRequest: (line) => lines.push(line) });
  await at.get("/health?secret=1");
  await at.get(`/workspaces/${NOBODY}`);
  expect(lines).toEqual([
    { method: "GET", path: "/health", status: 200, ms: expect.any(Number) },
    { method: "GET", path: `/workspaces/${NOBODY}`, status: 404, ms: expect.any(Number) },
  ]);
});

test("a port that is taken is an error that says what to do", async () => {
  await using at = await lab();
  const { port } = at.platform;
  const again = startDevPlatform({ port, db: ":memory:", rateLimit: 0 });
  await expect(again).rejects.toMatchObject({
    name: "MoleculeError",
    message: `port ${port} is in use`,
    hint: "choose another with --port, 0 picks a free one",
  });
});

test("the given admin token is the one that counts, else one is made", async () => {
  await using given = await lab({ adminToken: "chosen-by-hand" });
  expect((await given.get("/workspaces", { token: "chosen-by-hand" })).status).toBe(200);
  await using made = await lab();
  expect(made.admin).toMatch(/^[\w-]{43}$/);
  expect((await made.get("/workspaces", { token: "chosen-by-hand" })).status).toBe(401);
});

test("stop may be called twice, frees the port, and runs what was left for it", async () => {
  const at = await lab();
  const done: string[] = [];
  at.platform.onStop(async () => void done.push("first"));
  at.platform.onStop(async () => void done.push("second"));
  await Promise.all([at.platform.stop(), at.platform.stop()]);
  expect(done).toEqual(["first", "second"]);
  await expect(fetch(`${at.platform.url}/health`)).rejects.toThrow();
});
