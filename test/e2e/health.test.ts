/** The health server of a running bridge: what it says while the platform and the backend come and go. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Run, runToEnd } from "../harness/binary.ts";
import { connect, stateDir } from "../harness/connect.ts";
import { row, ScriptedPlatform, TOKEN, WORKSPACE } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { lookUntil } from "../harness/wait.ts";

setDefaultTimeout(60_000);

/** The address of the health server, by what the process tells of itself. */
async function healthOf(run: Run, home: string): Promise<string> {
  const path = join(stateDir(home), "bridges", `${run.pid}.json`);
  let address: string | undefined;
  await lookUntil(() => {
    try {
      address = JSON.parse(readFileSync(path, "utf8")).health;
    } catch {}
    return address !== undefined;
  });
  return `http://${address}`;
}

async function get(url: string): Promise<{ status: number; body: string }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.text() };
}

const HEALTH = { health: "127.0.0.1:0" } as const;

test("a bridge is alive and ready once it is connected, and its numbers tell what it did", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  await using run = connect(platform.url, home.path, { flags: HEALTH });
  const url = await healthOf(run, home.path);
  expect(await get(`${url}/livez`)).toEqual({ status: 200, body: "ok\n" });
  await run.untilEvent("connected");
  await lookUntil(async () => (await get(`${url}/readyz`)).status === 200);
  platform.rows = [row(1)];
  await run.untilEvent("answered");
  const { body } = await get(`${url}/metrics`);
  const label = `workspace="${WORKSPACE}"`;
  expect(body).toContain(`molecule_messages_total{${label},outcome="answered"} 1\n`);
  expect(body).toContain(`molecule_backend_run_seconds_count{${label},outcome="answer"} 1\n`);
  expect(body).toContain(`molecule_pickup_delay_seconds_count{${label}} 1\n`);
  expect(body).toContain(`molecule_heartbeats_total{${label},result="ok"} 1\n`);
  for (const path of ["/", "/livez", "/readyz", "/metrics"]) {
    expect((await get(url + path)).body).not.toContain(TOKEN);
  }
  await run.stop();
  expect(get(`${url}/livez`)).rejects.toThrow();
});

test("a backend that can't work makes the bridge unready, with the reason", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  await using model = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    // It answers at first, and takes no key any more once it is asked for something.
    fetch: ({ url }) =>
      url.endsWith("/models")
        ? Response.json({ data: [{ id: "any" }] })
        : Response.json({ error: { message: "no such key" } }, { status: 401 }),
  });
  await using run = connect(platform.url, home.path, {
    opts: [`base_url=http://127.0.0.1:${model.port}/v1`, "model=any"],
    flags: { ...HEALTH, backend: "openai" },
  });
  const url = await healthOf(run, home.path);
  platform.rows = [row(1)];
  await run.untilEvent("backend-paused");
  const { status, body } = await get(`${url}/readyz?workspace=${WORKSPACE}`);
  expect(status).toBe(503);
  expect(JSON.parse(body).workspaces).toMatchObject([
    { workspace_id: WORKSPACE, ready: false, state: "troubled" },
  ]);
  expect(body).toContain("the backend can't work");
  expect((await get(`${url}/livez`)).status).toBe(200);
});

test("a port in use ends the run before the platform hears of it", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  using other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const flags = { health: `127.0.0.1:${other.port}` };
  await using run = connect(platform.url, home.path, { flags });
  await run.endsWith(1);
  expect(run.failure).toContain("another program listens there");
  expect(run.failure).toContain("--health");
  expect(platform.calls("register")).toEqual([]);
  expect(
    readdirSync(home.path, { recursive: true }).filter((name) => /bridges/.test(String(name))),
  ).toEqual([]);
});

test("an address that is none is a usage error", async () => {
  using home = tmpFolder();
  const run = await runToEnd(["connect", WORKSPACE, "--health", "nine"], { home: home.path });
  expect(run.code).toBe(2);
  expect(run.stderr).toContain("--health");
});
