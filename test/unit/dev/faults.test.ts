/** Faults on demand, as a client meets them. */
import { expect, test } from "bun:test";
import { lookUntil } from "../../harness/wait.ts";
import { lab, type Lab } from "./lab.ts";

/** What comes back over a connection of its own, so that no client tries a second time. */
async function raw(at: Lab, path: string, method = "GET", token = at.admin): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let text = "";
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port: at.platform.port,
    socket: { data: (_, data) => void (text += data.toString()), close: () => resolve() },
  });
  const headers = ["host: localhost", `authorization: Bearer ${token}`, "connection: close"];
  socket.write(`${method} ${path} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`);
  await promise;
  return text;
}

const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0);

async function add(at: Lab, body: unknown) {
  return at.post("/dev/faults", { token: at.admin, body });
}

async function list(at: Lab): Promise<any[]> {
  return (await at.get("/dev/faults", { token: at.admin })).body.faults;
}

test("a fault has its defaults, counts, and is over when its time is", async () => {
  await using at = await lab();
  const added = await add(at, { kind: 503 });
  expect(added.status).toBe(201);
  const fault = {
    id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    kind: "503",
    rate: 1,
    for_ms: 30_000,
    seed: 1,
    path: "",
    delay_ms: 0,
    retry_after: null,
    ends_in_ms: 30_000,
    seen: 0,
    struck: 0,
  };
  expect(added.body).toEqual(fault);
  for (const _ of [1, 2]) {
    const answer = await at.get("/health");
    expect([answer.status, answer.body, answer.headers.get("retry-after")]).toEqual([
      503,
      { error: "fault on demand: 503" },
      null,
    ]);
  }
  at.clock.advance(29_999);
  expect((await at.get("/health")).status).toBe(503);
  at.clock.advance(1);
  expect((await at.get("/health")).status).toBe(200);
  expect(await list(at)).toEqual([{ ...fault, ends_in_ms: 0, seen: 3, struck: 3 }]);
});

test("faults are taken back one by one, or all", async () => {
  await using at = await lab();
  const { body: first } = await add(at, { kind: "500" });
  await add(at, { kind: "502" });
  await add(at, { kind: "503" });
  const remove = async (path = "") => {
    const answer = await at.delete(`/dev/faults${path}`, { token: at.admin });
    return [answer.status, answer.body.removed];
  };
  expect((await at.get("/health")).status).toBe(500);
  expect(await remove(`/${first.id}`)).toEqual([200, 1]);
  expect(await remove(`/${first.id}`)).toEqual([404, undefined]);
  expect((await at.get("/health")).status).toBe(502);
  expect(await remove()).toEqual([200, 2]);
  expect((await at.get("/health")).status).toBe(200);
});

test.each<[unknown]>([
  [{}],
  [{ kind: "200" }],
  [{ kind: 399 }],
  [{ kind: "600" }],
  [{ kind: "explode" }],
  [{ kind: "constructor" }],
  [{ kind: "503", rate: 1.1 }],
  [{ kind: "503", rate: -0.1 }],
  [{ kind: "503", rate: "1" }],
  [{ kind: "503", for_ms: 0 }],
  [{ kind: "503", for_ms: 3_600_001 }],
  [{ kind: "503", seed: 1.5 }],
  [{ kind: "503", path: 1 }],
  [{ kind: "delay", delay_ms: -1 }],
  [{ kind: "delay", delay_ms: 600_001 }],
  [{ kind: "429", retry_after: -1 }],
  [{ kind: "429", retry_after: 1.5 }],
])("%j is no fault", async (body) => {
  await using at = await lab();
  expect((await add(at, body)).status).toBe(400);
  expect(await list(at)).toEqual([]);
});

test("which requests are struck follows from the seed alone", async () => {
  await using at = await lab();
  const run = async (seed: number) => {
    await add(at, { kind: "503", rate: 0.3, seed });
    const statuses: number[] = [];
    for (let n = 0; n < 60; n++) statuses.push((await at.get("/health")).status);
    const [fault] = await list(at);
    const struck = statuses.filter((status) => status === 503).length;
    expect([fault.seen, fault.struck]).toEqual([60, struck]);
    expect(struck).toBeGreaterThan(5);
    expect(struck).toBeLessThan(40);
    await at.delete("/dev/faults", { token: at.admin });
    return statuses;
  };
  const first = await run(7);
  expect(await run(7)).toEqual(first);
  expect(await run(8)).not.toEqual(first);
});

test("a fault of some paths does not see the others, nor those of faults", async () => {
  await using at = await lab();
  await add(at, { kind: "503", path: "/build" });
  expect((await at.get("/health")).status).toBe(200);
  expect((await at.get("/buildinfo")).status).toBe(503);
  expect(await list(at)).toMatchObject([{ seen: 1, struck: 1 }]);
  await add(at, { kind: "503" });
  for (const _ of [1, 2]) expect(await list(at)).toMatchObject([{ seen: 1 }, { seen: 0 }]);
});

test("429 says when to come again, and an error does where it was told to", async () => {
  await using at = await lab({ rateLimit: 100 });
  const ask = async (body: unknown) => {
    const { body: fault } = await add(at, body);
    const answer = await at.get("/health");
    await at.delete(`/dev/faults/${fault.id}`, { token: at.admin });
    return [answer.status, answer.headers.get("retry-after"), answer.body];
  };
  const limited = { error: "rate limit exceeded" };
  expect(await ask({ kind: 429 })).toEqual([429, "1", { ...limited, retry_after: 1 }]);
  expect(await ask({ kind: "429", retry_after: 0 })).toEqual([
    429,
    "0",
    { ...limited, retry_after: 0 },
  ]);
  expect(await ask({ kind: "503", retry_after: 15 })).toEqual([
    503,
    "15",
    { error: "fault on demand: 503", retry_after: 15 },
  ]);
});

test("a web page and an empty 404 are what they say", async () => {
  await using at = await lab();
  const { body: page } = await add(at, { kind: "html" });
  const answer = await at.get("/workspaces", { token: at.admin });
  expect([answer.status, answer.headers.get("content-type")]).toEqual([
    200,
    "text/html; charset=utf-8",
  ]);
  expect(answer.body).toStartWith("<!doctype html>");
  await at.delete(`/dev/faults/${page.id}`, { token: at.admin });
  await add(at, { kind: "empty" });
  const empty = await at.get("/workspaces", { token: at.admin });
  expect([empty.status, empty.body]).toEqual([404, ""]);
});

test("delays add up, and then comes the true answer, or another fault's", async () => {
  await using at = await lab();
  await add(at, { kind: "delay", delay_ms: 400, path: "/health" });
  await add(at, { kind: "delay", path: "/health" });
  const waiting = at.clock.sleepers;
  let answered = false;
  const answer = at.get("/health").finally(() => (answered = true));
  await lookUntil(() => at.clock.sleepers > waiting);
  at.clock.advance(1_399);
  expect((await at.get("/buildinfo")).status).toBe(200);
  expect(answered).toBe(false);
  await add(at, { kind: "503", path: "/health" });
  at.clock.advance(1);
  // It came before the third fault.
  expect((await answer).status).toBe(200);
  const second = at.get("/health");
  await lookUntil(() => at.clock.sleepers > waiting);
  at.clock.advance(1_400);
  expect((await second).status).toBe(503);
});

test("a request that is held up does not hold up the stop", async () => {
  const paths: string[] = [];
  const at = await lab({ onRequest: ({ path }) => paths.push(path) });
  await add(at, { kind: "delay", delay_ms: 600_000 });
  const waiting = at.clock.sleepers;
  const answer = at.get("/health").catch(() => "gone");
  await lookUntil(() => at.clock.sleepers > waiting);
  await at.platform.stop();
  await answer;
  // Nothing of it is left behind.
  await lookUntil(() => paths.includes("/health"));
});

test("a dropped request has no answer and no effect", async () => {
  await using at = await lab();
  const { id } = await at.member("otter");
  await add(at, { kind: "drop" });
  expect(await raw(at, `/workspaces/${id}/pause`, "POST")).toBe("");
  await at.delete("/dev/faults", { token: at.admin });
  expect((await at.show({ id })).status).toBe("awaiting_agent");
});

test("a lost one has no answer and all of its effect", async () => {
  await using at = await lab();
  const { id } = await at.member("otter");
  await add(at, { kind: "lost" });
  expect(await raw(at, `/workspaces/${id}/pause`, "POST")).toBe("");
  await at.delete("/dev/faults", { token: at.admin });
  expect((await at.show({ id })).status).toBe("paused");
});

test("a cut answer has its head, half of its body, and no end", async () => {
  await using at = await lab();
  const { id } = await at.member("otter");
  const whole = await raw(at, `/workspaces/${id}`);
  const body = whole.slice(whole.indexOf("\r\n\r\n") + 4);
  await add(at, { kind: "cut" });
  const cut = await raw(at, `/workspaces/${id}`);
  expect(statusOf(cut)).toBe(200);
  expect(cut).toContain("application/json");
  expect(cut).toContain(body.slice(0, Math.floor(body.length / 2)));
  expect(cut).not.toContain(body.slice(0, Math.floor(body.length / 2) + 2));
  // The chunk that would say that this was all.
  expect(cut).not.toEndWith("0\r\n\r\n");
  await expect(
    fetch(`${at.platform.url}/workspaces/${id}`).then((r) => r.text()),
  ).rejects.toThrow();
  // Also a refusal can be cut, and a stream, and what has no body is no answer at all.
  expect(statusOf(await raw(at, "/nowhere"))).toBe(404);
  expect(await raw(at, `/workspaces/${id}/events/stream`)).toContain("text/event-stream");
  await lookUntil(() => at.events.listeners(id) === 0);
});

test("a broken connection is no fault of the platform, and the log tells it from an answer", async () => {
  const errors: unknown[] = [];
  const statuses: number[] = [];
  await using at = await lab({
    onError: (error) => errors.push(error),
    onRequest: ({ path, status }) => void (path === "/health" && statuses.push(status)),
  });
  for (const kind of ["drop", "lost", "cut"]) {
    await add(at, { kind });
    await raw(at, "/health");
    await at.delete("/dev/faults", { token: at.admin });
  }
  expect([errors, statuses]).toEqual([[], [444, 444, 200]]);
});

test("there can be so many, and what is over makes room", async () => {
  await using at = await lab();
  await add(at, { kind: "503", path: "/nowhere", for_ms: 1 });
  for (let n = 2; n <= 100; n++) {
    expect((await add(at, { kind: "503", path: "/nowhere" })).status).toBe(201);
  }
  expect((await add(at, { kind: "503", path: "/nowhere" })).status).toBe(409);
  at.clock.advance(1);
  expect((await add(at, { kind: "503", path: "/nowhere" })).status).toBe(201);
  expect(await list(at)).toHaveLength(100);
});

test("only an administrator gives faults", async () => {
  await using at = await lab();
  const { token } = await at.member("otter");
  const body = { kind: "503" };
  expect((await at.post("/dev/faults", { token, body })).status).toBe(401);
  expect((await at.post("/dev/faults", { body })).status).toBe(401);
  expect((await at.post("/dev/faults", { token: await at.orgToken(), body })).status).toBe(201);
});
