/** What the health server answers, asked over real HTTP. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { serveHealth, type Health, type HealthServer } from "../../../src/observe/health-server.ts";
import type { ListenAddress } from "../../../src/shared/listen-address.ts";
import { lookUntil } from "../../harness/wait.ts";

setDefaultTimeout(30_000);

const A = "0f8fad5b-d9cb-469f-a165-70867728950e";
const B = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

const servers: HealthServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const WELL: Health = {
  overdue: () => undefined,
  readiness: () => [
    { workspaceId: A, state: "connected", checks: [{ name: "registered", reason: undefined }] },
  ],
  metrics: async () => "x 1\n",
};

async function serve(
  change: Partial<Health> = {},
  address: Partial<ListenAddress> = {},
): Promise<HealthServer> {
  const at = { hostname: "127.0.0.1", port: 0, ...address };
  const server = await serveHealth(at, { ...WELL, ...change });
  servers.push(server);
  return server;
}

async function get(server: HealthServer, path: string, init: RequestInit = {}) {
  const response = await fetch(`http://${server.address}${path}`, init);
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    body: await response.text(),
  };
}

test("it lives while no loop is overdue", async () => {
  const server = await serve();
  expect(await get(server, "/livez")).toEqual({
    status: 200,
    type: "text/plain; charset=utf-8",
    body: "ok\n",
  });
  const hung = await serve({ overdue: () => "the heartbeat loop hangs" });
  expect(await get(hung, "/livez")).toMatchObject({
    status: 503,
    body: "the heartbeat loop hangs\n",
  });
});

describe("ready", () => {
  const two: Health["readiness"] = () => [
    { workspaceId: A, state: "connected", checks: [{ name: "feed", reason: undefined }] },
    {
      workspaceId: B,
      state: "troubled",
      checks: [
        { name: "registered", reason: undefined },
        { name: "heartbeat", reason: "no route" },
      ],
    },
  ];

  test("are all, or none are, and each says what is wrong with it", async () => {
    const { status, type, body } = await get(await serve({ readiness: two }), "/readyz");
    expect([status, type]).toEqual([503, "application/json"]);
    expect(JSON.parse(body)).toEqual({
      ready: false,
      workspaces: [
        { workspace_id: A, ready: true, state: "connected", checks: [{ name: "feed", ok: true }] },
        {
          workspace_id: B,
          ready: false,
          state: "troubled",
          checks: [
            { name: "registered", ok: true },
            { name: "heartbeat", ok: false, reason: "no route" },
          ],
        },
      ],
    });
    expect(await get(await serve(), "/readyz")).toMatchObject({ status: 200 });
  });

  test("is one workspace without the others", async () => {
    const server = await serve({ readiness: two });
    expect(await get(server, `/readyz?workspace=${A.toUpperCase()}`)).toMatchObject({
      status: 200,
    });
    expect(await get(server, `/readyz?workspace=${B}`)).toMatchObject({ status: 503 });
    expect(await get(server, "/readyz?workspace=other")).toMatchObject({ status: 404 });
  });

  test("is no process that serves nothing", async () => {
    const { status, body } = await get(await serve({ readiness: () => [] }), "/readyz");
    expect([status, JSON.parse(body)]).toEqual([503, { ready: false, workspaces: [] }]);
  });
});

test("metrics come in Prometheus' own type", async () => {
  expect(await get(await serve(), "/metrics")).toEqual({
    status: 200,
    type: "text/plain; version=0.0.4; charset=utf-8",
    body: "x 1\n",
  });
});

test("the index lists what there is, and all else is not there", async () => {
  const server = await serve();
  const { status, body } = await get(server, "/");
  expect(status).toBe(200);
  for (const path of ["/livez", "/readyz", "/metrics"]) expect(body).toContain(path);
  for (const path of ["/x", "/__proto__", "/constructor", "/livez/", "/..%2f"]) {
    expect(await get(server, path)).toMatchObject({ status: 404 });
  }
});

test("HEAD is answered as GET is, and nothing else is", async () => {
  const server = await serve({ overdue: () => "hangs" });
  expect(await get(server, "/livez", { method: "HEAD" })).toMatchObject({ status: 503, body: "" });
  const posted = await fetch(`http://${server.address}/livez`, { method: "POST" });
  expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
});

test("a page that lets a name of its own lead here reads nothing", async () => {
  const server = await serve();
  const port = server.address.split(":")[1];
  const as = (host: string) => get(server, "/readyz", { headers: { host } });
  for (const host of ["evil.example", `evil.example:${port}`, "localhost.evil.example", "a b"]) {
    expect(await as(host)).toMatchObject({ status: 421 });
  }
  for (const host of ["localhost", `LOCALHOST:${port}`, "127.0.0.1", "[::1]:80", "10.0.0.7"]) {
    expect(await as(host)).toMatchObject({ status: 200 });
  }
});

test("where anyone may ask directly, any name will do", async () => {
  const server = await serve({}, { hostname: "0.0.0.0" });
  const local = { ...server, address: server.address.replace("0.0.0.0", "127.0.0.1") };
  const headers = { host: "molecule.monitoring.svc" };
  expect(await get(local, "/livez", { headers })).toMatchObject({ status: 200 });
});

test("a port in use is told with what to do about it", async () => {
  const { address } = await serve();
  const port = Number(address.split(":")[1]);
  await expect(serve({}, { port })).rejects.toThrow(
    `can't listen on ${address} for health checks: another program listens there`,
  );
  // An address of the documentation's (RFC 5737).
  await expect(serve({}, { hostname: "203.0.113.7", port: 1 })).rejects.toThrow("no such address");
});

test("who says what he wants one byte at a time is cut off, and there is room for few of them", async () => {
  const server = await serve();
  const [hostname = "", port] = server.address.split(":");
  const open = new Set<number>();
  const dripping = new Set<ReturnType<typeof setInterval>>();
  const all = Array.from({ length: 100 }, (_, n) =>
    Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        open(socket) {
          open.add(n);
          socket.write("GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A: ");
          dripping.add(setInterval(() => socket.write("a"), 250));
        },
        data() {},
        close: () => void open.delete(n),
        error: () => void open.delete(n),
      },
    }).catch(() => {}),
  );
  await Promise.all(all);
  await lookUntil(() => open.size <= 64);
  await lookUntil(() => open.size === 0);
  for (const timer of dripping) clearInterval(timer);
  expect(await get(server, "/livez")).toMatchObject({ status: 200 });
}, 60_000);
