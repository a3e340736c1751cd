/** All that a process shows, from events to HTTP and to its file. */
import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Observatory, type ObservatoryParts } from "../../../src/observe/observatory.ts";
import type { StoreCounts } from "../../../src/observe/status.ts";
import { systemClock } from "../../../src/shared/clock.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { onlyWhere } from "../../harness/platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { lookUntil } from "../../harness/wait.ts";
import { WORKSPACE } from "../../harness/scripted-platform.ts";
import * as told from "./support.ts";

setDefaultTimeout(60_000);

const OTHER = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const SECRET = "s3cret-of-the-bridge";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function open(change: Partial<ObservatoryParts> = {}) {
  const folder = tmpFolder();
  closing.push(() => folder[Symbol.dispose]());
  const warnings: string[] = [];
  const secrets = new Secrets();
  secrets.add(SECRET);
  const observatory = new Observatory({
    version: "1.2.3",
    stateFolder: folder.path,
    health: { hostname: "127.0.0.1", port: 0 },
    clock: systemClock,
    secrets,
    identify: () => "boot/1",
    warn: (message) => void warnings.push(message),
    ...change,
  });
  closing.push(() => observatory.close());
  const member = (
    workspaceId = WORKSPACE,
    counts: () => Promise<StoreCounts> = async () => told.COUNTS,
  ) => observatory.member({ workspaceId, backend: "mock", mode: "poll", counts });
  const get = async (path: string) => {
    const response = await fetch(`http://${observatory.healthAddress}${path}`);
    return { status: response.status, body: await response.text() };
  };
  const file = join(folder.path, "bridges", `${process.pid}.json`);
  return { observatory, member, get, warnings, folder: folder.path, file };
}

const well = [told.connected, told.beat, told.looked];

test("it is ready once all are connected, heard of and read", async () => {
  const { observatory, member, get } = open();
  const one = member();
  const two = member(OTHER);
  await observatory.start();
  expect((await get("/readyz")).status).toBe(503);
  for (const event of well) one.hear(event);
  expect((await get(`/readyz?workspace=${WORKSPACE}`)).status).toBe(200);
  expect((await get("/readyz")).status).toBe(503);
  for (const event of well) two.hear(event);
  expect((await get("/readyz")).status).toBe(200);
  two.hear(told.paused());
  const { status, body } = await get("/readyz");
  expect(status).toBe(503);
  expect(JSON.parse(body).workspaces[1]).toMatchObject({ workspace_id: OTHER, ready: false });
});

test("a loop that the bridge itself misses ends the life", async () => {
  const { observatory, get } = open();
  let overdue: string | undefined;
  observatory.member({
    workspaceId: WORKSPACE,
    backend: "mock",
    mode: "poll",
    counts: async () => told.COUNTS,
    overdue: () => overdue,
  });
  await observatory.start();
  expect(await get("/livez")).toEqual({ status: 200, body: "ok\n" });
  overdue = "the intake loop hangs";
  expect(await get("/livez")).toEqual({ status: 503, body: "the intake loop hangs\n" });
});

describe("metrics", () => {
  test("tell what happened, and what the store holds", async () => {
    const { observatory, member, get } = open();
    const one = member();
    await observatory.start();
    for (const event of [...well, told.taken("a", 20), told.ran("a", 70), told.answered("a")]) {
      one.hear(event);
    }
    const { body } = await get("/metrics");
    const labels = `workspace="${WORKSPACE}"`;
    for (const line of [
      'molecule_build_info{version="1.2.3"} 1',
      `molecule_ready{${labels}} 1`,
      `molecule_messages_total{${labels},outcome="answered"} 1`,
      `molecule_messages_total{${labels},outcome="failed"} 0`,
      `molecule_pickup_delay_seconds_bucket{${labels},le="0.01"} 0`,
      `molecule_pickup_delay_seconds_bucket{${labels},le="0.025"} 1`,
      `molecule_backend_run_seconds_bucket{${labels},outcome="answer",le="0.1"} 1`,
      `molecule_unsettled_messages{${labels}} 3`,
      `molecule_outbox_replies{${labels}} 1`,
      `molecule_dead_letters{${labels}} 2`,
      `molecule_heartbeats_total{${labels},result="ok"} 1`,
      `molecule_feed_reads_total{${labels},reason="time"} 1`,
      `molecule_wake_state{${labels},state="off"} 1`,
      `molecule_wake_state{${labels},state="healthy"} 0`,
      `molecule_running_messages{${labels}} 0`,
      `molecule_backend_paused{${labels}} 0`,
    ]) {
      expect(body.split("\n")).toContain(line);
    }
    expect(body).toMatch(/^process_resident_memory_bytes [1-9]\d+$/m);
    const started = Number(/^process_start_time_seconds (.*)$/m.exec(body)?.[1]);
    expect(Math.abs(started - (Date.now() / 1_000 - process.uptime()))).toBeLessThan(60);
  });

  test("come without a store that fails, and without one that hangs", async () => {
    const { observatory, member, get } = open();
    const broken = member(WORKSPACE, () => Promise.reject(new Error("damaged")));
    const hanging = member(OTHER, () => new Promise(() => {}));
    await observatory.start();
    for (const event of well) {
      broken.hear(event);
      hanging.hear(event);
    }
    const { status, body } = await get("/metrics");
    expect(status).toBe(200);
    expect(body).not.toContain("molecule_dead_letters");
    expect(body).toContain(`molecule_store_up{workspace="${WORKSPACE}"} 0`);
    expect(body).toContain(`molecule_ready{workspace="${OTHER}"} 1`);
  });

  test("ask no store that is not open", async () => {
    const { observatory, member, get } = open();
    let asked = 0;
    const one = member(WORKSPACE, async () => {
      asked += 1;
      return told.COUNTS;
    });
    await observatory.start();
    await get("/metrics");
    one.hear(told.connected);
    one.hear(told.stopped);
    await get("/metrics");
    expect(asked).toBe(0);
  });

  test("have no more lines after a thousand peers, reasons and messages", async () => {
    const { observatory, member, get } = open();
    const one = member();
    await observatory.start();
    const happen = (i: number) => {
      one.hear(told.taken(`a-${i}`, i));
      one.hear(told.ran(`a-${i}`));
      one.hear({ ...told.answered(`a-${i}`), to: `peer-${i}` });
      one.hear(told.heartbeatFailed(`reason ${i}`));
      one.hear(told.paused(`reason ${i}`));
    };
    for (const event of well) one.hear(event);
    happen(0);
    const before = (await get("/metrics")).body.split("\n").length;
    for (let i = 1; i < 1_000; i++) happen(i);
    const after = (await get("/metrics")).body;
    expect(after.split("\n").length).toBe(before);
    expect(after).not.toMatch(/peer|reason \d/);
  });

  const promtool = Bun.which("promtool");
  const withPromtool = onlyWhere(promtool !== null, "promtool of the package prometheus").test;
  withPromtool("are what promtool wants", async () => {
    const { observatory, member, get } = open();
    const [one, two] = [member(), member(OTHER)];
    await observatory.start();
    for (const event of [...well, told.taken("a", 20), told.ran("a", 70)]) {
      one.hear(event);
      two.hear(event);
    }
    const { body } = await get("/metrics");
    const checked = Bun.spawn([promtool ?? "", "check", "metrics"], {
      stdin: new TextEncoder().encode(body),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([
      new Response(checked.stdout).text(),
      new Response(checked.stderr).text(),
    ]);
    expect({ out, err, code: await checked.exited }).toEqual({ out: "", err: "", code: 0 });
  });
});

test("no secret is in anything that is shown", async () => {
  const { observatory, member, get, file } = open();
  const one = member();
  await observatory.start();
  for (const event of well) one.hear(event);
  one.hear(told.paused(`it said: ${SECRET}`));
  one.hear(told.heartbeatFailed(`Bearer ${SECRET} was refused`));
  await lookUntil(() => existsSync(file) && readFileSync(file, "utf8").includes("it said"));
  const shown = [
    readFileSync(file, "utf8"),
    JSON.stringify(observatory.statuses()),
    ...(await Promise.all(["/", "/livez", "/readyz", "/metrics"].map(get))).map(({ body }) => body),
  ];
  for (const text of shown) expect(text).not.toContain(SECRET);
  expect(shown[0]).toContain("[secret]");
});

test("its file tells what the process serves, and goes with it", async () => {
  const { observatory, member, file } = open();
  const one = member();
  await observatory.start();
  for (const event of well) one.hear(event);
  const read = () => JSON.parse(readFileSync(file, "utf8"));
  await lookUntil(() => existsSync(file) && read().workspaces[0].state === "connected");
  await lookUntil(() => read().workspaces[0].store !== undefined);
  expect(read()).toMatchObject({
    version: "1.2.3",
    pid: process.pid,
    identity: "boot/1",
    health: observatory.healthAddress,
    workspaces: [{ workspaceId: WORKSPACE, backend: "mock", store: told.COUNTS }],
  });
  await observatory.close();
  expect(existsSync(file)).toBe(false);
});

test("a listener is called at what is to be seen, and not for each heartbeat", () => {
  const { observatory, member } = open();
  let changes = 0;
  observatory.onChange(() => (changes += 1));
  const one = member();
  const before = changes;
  for (let i = 0; i < 100; i++) {
    one.hear(told.beat);
    one.hear(told.looked);
  }
  expect(changes).toBe(before);
  one.hear(told.taken("a"));
  one.lifecycle({ state: "starting" });
  expect(changes).toBe(before + 2);
});

test("who listens to others than this machine is warned", async () => {
  const { observatory, warnings } = open({ health: { hostname: "0.0.0.0", port: 0 } });
  await observatory.start();
  expect(warnings).toEqual([
    `the health server on ${observatory.healthAddress} answers anyone who can reach it, without a token`,
  ]);
  const local = open();
  await local.observatory.start();
  expect(local.warnings).toEqual([]);
});

test("without an address nothing listens", async () => {
  const { observatory } = open({ health: undefined });
  await observatory.start();
  expect(observatory.healthAddress).toBeUndefined();
});

test("a port in use ends it before anything is written", async () => {
  const { observatory: first } = open();
  await first.start();
  const port = Number(first.healthAddress?.split(":")[1]);
  const second = open({ health: { hostname: "127.0.0.1", port } });
  expect(second.observatory.start()).rejects.toThrow("another program listens there");
  expect(readdirSync(second.folder)).toEqual([]);
});

test("a file that can't be written is told of once, and nothing else suffers", async () => {
  const { observatory, member, get, warnings, folder } = open();
  // A file where the folder should be.
  writeFileSync(join(folder, "bridges"), "");
  const one = member();
  await observatory.start();
  await lookUntil(() => warnings.length > 0);
  for (const event of well) one.hear(event);
  expect((await get("/readyz")).status).toBe(200);
  expect(warnings).toEqual([expect.stringContaining("its file can't be written")]);
});
