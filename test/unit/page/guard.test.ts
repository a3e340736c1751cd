/** Who may use the page, and what every answer of it says to browsers. */
import { expect, test } from "bun:test";
import { pageLab, TOKEN } from "./lab.ts";

/** A request as it is written, so that every header is the test's own. */
async function raw(port: number, lines: readonly string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let text = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: { data: (_, data) => void (text += data.toString()), close: () => resolve(text) },
  });
  socket.write([...lines, "connection: close", "", ""].join("\r\n"));
  return promise;
}

const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0);

const API = "/page/api/rows/00000000-0000-4000-8000-000000000000";

test.each<[string, number]>([
  ["127.0.0.1:PORT", 404],
  ["localhost:PORT", 404],
  ["LOCALHOST:PORT", 404],
  ["[::1]:PORT", 403],
  ["127.0.0.1", 403],
  ["localhost", 403],
  ["localhost:1", 403],
  ["127.0.0.1:PORT1", 403],
  ["127.8.8.8:PORT", 403],
  ["evil.example:PORT", 403],
  ["localhost.evil.example:PORT", 403],
  ["evil.localhost:PORT", 403],
  ["localhost:PORT@evil.example", 403],
  ["127.1:PORT", 403],
  ["2130706433:PORT", 403],
  ["", 403],
])("a request for the host %p is a %i", async (host, status) => {
  await using lab = await pageLab();
  const { port } = lab.at.platform;
  const named = host.replace("PORT", String(port));
  for (const path of [API, "/"]) {
    const head = [`GET ${path} HTTP/1.1`, `host: ${named}`, `authorization: Bearer ${TOKEN}`];
    const expected = path === "/" && status === 404 ? 200 : status;
    // A server of HTTP may refuse by itself what is no host at all.
    const got = statusOf(await raw(port, head));
    expect([path, got === 400 ? 403 : got]).toEqual([path, expected]);
  }
});

test("a request without a host is refused", async () => {
  await using lab = await pageLab();
  const text = await raw(lab.at.platform.port, ["GET / HTTP/1.0"]);
  expect(statusOf(text)).toBe(403);
});

test.each<[string, number]>([
  ["http://127.0.0.1:PORT", 404],
  ["http://localhost:PORT", 403],
  ["https://127.0.0.1:PORT", 403],
  ["http://127.0.0.1:3000", 403],
  ["http://127.0.0.1", 403],
  ["http://evil.example", 403],
  ["null", 403],
  ["", 403],
])("a request from a page of %p is a %i", async (origin, status) => {
  await using lab = await pageLab();
  const { port } = lab.at.platform;
  const named = origin.replace("PORT", String(port));
  const head = [`GET ${API} HTTP/1.1`, `host: 127.0.0.1:${port}`, `origin: ${named}`];
  expect(statusOf(await raw(port, [...head, `authorization: Bearer ${TOKEN}`]))).toBe(status);
  const document = ["GET / HTTP/1.1", `host: 127.0.0.1:${port}`, `origin: ${named}`];
  expect(statusOf(await raw(port, document))).toBe(status === 404 ? 200 : 403);
});

test.each<[string, number]>([
  ["same-origin", 404],
  ["none", 404],
  ["same-site", 403],
  ["cross-site", 403],
  ["whatever", 403],
])("a request that a browser calls %p is a %i", async (site, status) => {
  await using lab = await pageLab();
  const headers = { "sec-fetch-site": site };
  const path = "rows/00000000-0000-4000-8000-000000000000";
  expect((await lab.api("GET", path, { headers })).status).toBe(status);
  expect((await lab.api("POST", "session", { headers, body: {} })).status).toBe(
    status === 404 ? 401 : 403,
  );
  const asset = await lab.at.get("/page/main.js", { headers });
  expect(asset.status).toBe(status === 404 ? 200 : 403);
});

test.each<[string, { [name: string]: string }, number]>([
  ["in a window of its own", { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }, 200],
  ["in a frame", { "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" }, 403],
  ["by a script", { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" }, 403],
  ["blindly", { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" }, 403],
])("another page opens the document %s only where that is harmless", async (_, more, status) => {
  await using lab = await pageLab();
  const headers = { "sec-fetch-site": "cross-site", ...more };
  expect((await lab.at.get("/", { headers })).status).toBe(status);
  expect((await lab.at.get("/page/main.js", { headers })).status).toBe(403);
  expect((await lab.at.post("/", { headers })).status).not.toBe(200);
});

test("a refusal says in words what is wrong, and is no document", async () => {
  await using lab = await pageLab();
  const { url } = lab.at.platform;
  const answer = await lab.at.get("/", { headers: { host: "evil.example" } });
  expect(answer.body).toEqual({
    error: "this page is served under its own address only",
    hint: `open the link that 'molecule dev' prints: it begins with ${url}`,
  });
  const other = await lab.at.get("/", { headers: { origin: "http://evil.example" } });
  expect(other.body).toEqual({ error: "this page answers to no other page" });
});

test("every answer has the headers that keep other pages away", async () => {
  const errors: unknown[] = [];
  await using lab = await pageLab({ onError: (error) => errors.push(error) });
  const { id } = await lab.at.member("agent");
  lab.bridges.retry = () => Promise.reject(new TypeError("broken"));
  const answers = [
    await lab.at.get("/"),
    await lab.at.get("/page/main.js"),
    await lab.at.get("/page/nothing"),
    await lab.at.post("/"),
    await lab.at.get("/", { headers: { host: "evil.example" } }),
    await lab.api("GET", "stream", { token: "wrong" }),
    await lab.rows(id, "activity"),
    await lab.rows(id, "nothing"),
    await lab.api("POST", `workspaces/${id}/dead-letters/${id}/retry`),
  ];
  const statuses = [200, 200, 404, 405, 403, 401, 200, 400, 500];
  expect(answers.map(({ status }) => status)).toEqual(statuses);
  expect(answers.at(-1)?.body).toEqual({ error: "internal error" });
  expect(errors).toEqual([expect.any(TypeError)]);
  for (const { headers } of answers) {
    expect(headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
        "img-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
        "require-trusted-types-for 'script'",
    );
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("permissions-policy")).toContain("camera=()");
    expect(headers.get("cache-control")).toMatch(/^no-(store|cache)$/);
    expect(headers.get("access-control-allow-origin")).toBeNull();
  }
  expect(answers.map(({ headers }) => headers.get("cache-control")).slice(5)).toEqual([
    "no-store",
    "no-store",
    "no-store",
    "no-store",
  ]);
});

test("the API wants the page's token, whatever is asked of it", async () => {
  await using lab = await pageLab();
  const { id, token: workspaceToken } = await lab.at.member("agent");
  const file = "00000000-0000-4000-8000-000000000000";
  const calls = [
    ["GET", "stream"],
    ["GET", `workspaces/${id}/rows?view=activity`],
    ["GET", `rows/${file}`],
    ["POST", `workspaces/${id}/messages`],
    ["POST", `workspaces/${id}/files`],
    ["GET", `workspaces/${id}/files/${file}`],
    ["POST", `workspaces/${id}/dead-letters/${file}/retry`],
    ["GET", "nothing"],
    ["GET", "session"],
  ] as const;
  const tokens = [undefined, "wrong", TOKEN.slice(1), `${TOKEN}x`, lab.at.admin, workspaceToken];
  for (const [method, path] of calls) {
    for (const token of tokens) {
      const { status, body } = await lab.at.ask(method, `/page/api/${path}`, { token });
      expect([method, path, status]).toEqual([method, path, 401]);
      expect(body.hint).toBe("open the link that 'molecule dev' prints");
    }
    const query = await lab.at.ask(method, `/page/api/${path}?token=${TOKEN}`);
    expect(query.status).toBe(401);
  }
});

test("the page's token opens nothing of the platform", async () => {
  await using lab = await pageLab();
  const { id } = await lab.at.member("agent");
  const token = TOKEN;
  const calls = [
    ["GET", "/workspaces"],
    ["POST", "/workspaces"],
    ["GET", `/workspaces/${id}/activity`],
    ["POST", `/workspaces/${id}/a2a`],
    ["POST", `/workspaces/${id}/notify`],
    ["GET", `/workspaces/${id}/events/stream`],
    ["DELETE", `/workspaces/${id}`],
    ["POST", "/org/tokens"],
    ["GET", "/events"],
    ["POST", "/dev/faults"],
  ] as const;
  for (const [method, path] of calls) {
    expect([path, (await lab.at.ask(method, path, { token })).status]).toEqual([path, 401]);
  }
});
