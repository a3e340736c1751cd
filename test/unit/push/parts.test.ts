/** The small parts of push mode: what is remembered, what is limited, and how long answers are begun. */
import { describe, expect, test } from "bun:test";
import { arrivalOf } from "../../../src/push/arrival.ts";
import { Bodies, MAX_BODY_BYTES } from "../../../src/push/body.ts";
import { Credential } from "../../../src/push/credential.ts";
import { HourlyTurns } from "../../../src/push/hourly-turns.ts";
import { Notes } from "../../../src/push/notes.ts";
import { Paths, secretSegment } from "../../../src/push/paths.ts";
import { Refusals } from "../../../src/push/refusals.ts";
import { answer } from "../../../src/push/slow-answer.ts";
import { systemClock } from "../../../src/shared/clock.ts";
import { ManualClock } from "../../harness/clock.ts";
import { saying, TestMemory } from "./support.ts";

describe("the credential", () => {
  const made = async (memory = new TestMemory()) => {
    const clock = new ManualClock();
    let secured = 0;
    const credential = new Credential({ memory, clock, onSecured: () => (secured += 1) });
    await credential.load();
    return { credential, clock, memory, secured: () => secured };
  };

  test("the secret of before holds for five minutes after a change, and no longer", async () => {
    const { credential, clock, secured } = await made();
    credential.learn("first");
    credential.learn(undefined);
    credential.learn("first");
    credential.learn("second");
    expect(await credential.judge("Bearer first")).toBe("accepted");
    expect(await credential.judge("bearer second")).toBe("accepted");
    await clock.advance(5 * 60_000);
    expect(await credential.judge("Bearer first")).toBe("refused");
    expect(await credential.judge("Bearer second")).toBe("accepted");
    expect(secured()).toBe(1);
  });

  test.each([
    "",
    "Bearer",
    "Bearer ",
    "Basic secret",
    "secret",
    "Bearer secret x",
    "Bearer undefined",
  ])("%p is refused", async (header) => {
    const { credential } = await made();
    credential.learn("secret");
    expect(await credential.judge(header)).toBe("refused");
  });

  test("a request without one is taken until one with the right one came", async () => {
    const memory = new TestMemory();
    const { credential } = await made(memory);
    expect(await credential.judge(null)).toBe("accepted");
    expect(await credential.judge("Bearer secret")).toBe("unknown");
    credential.learn("secret");
    expect(await credential.judge("Bearer wrong")).toBe("refused");
    expect(await credential.judge(null)).toBe("accepted");
    expect(await credential.judge("Bearer secret")).toBe("accepted");
    expect(await credential.judge(null)).toBe("refused");
    const { credential: next } = await made(memory);
    expect(await next.judge(null)).toBe("refused");
  });
});

describe("the paths", () => {
  test("a segment that was spoilt is replaced, a good one is kept", async () => {
    const memory = new TestMemory();
    const segment = await secretSegment(memory);
    expect(segment).toMatch(/^[\w-]{43}$/);
    expect(await secretSegment(memory)).toBe(segment);
    memory.kept.set("push/path", "short");
    expect(await secretSegment(memory)).not.toBe("short");
  });

  test("the path of the check is answered while it is open only", () => {
    const paths = new Paths(new URL("https://example.com/agent/"), "x".repeat(43));
    expect(paths.isSecret(`/agent/${"x".repeat(43)}`)).toBe(true);
    const check = paths.openCheck();
    expect(check.answer).not.toContain(check.path);
    expect(paths.checkAnswer(`/agent/${check.path}`)).toBe(check.answer);
    expect(paths.checkAnswer(`/${check.path}`)).toBe(check.answer);
    expect(paths.checkAnswer("/agent/check-")).toBeUndefined();
    check.close();
    expect(paths.checkAnswer(`/agent/${check.path}`)).toBeUndefined();
  });
});

describe("what is known of a message", () => {
  const arrival = (body: any) => arrivalOf(body, "message/send", "ws").message.activityId;

  test("its id and content make the activity id; the id of the request does not count", () => {
    const one = saying("hello", { messageId: "m" });
    expect(arrival({ ...one, id: "other" })).toBe(arrival(one));
    expect(arrival(saying("hello", { messageId: "n" }))).not.toBe(arrival(one));
    expect(arrival(saying("other", { messageId: "m" }))).not.toBe(arrival(one));
    const key = { messageId: undefined, idempotency_key: "k" };
    expect(arrival(saying("hello", key))).toBe(arrival(saying("hello", key)));
    const none = { messageId: undefined };
    expect(arrival(saying("hello", none))).not.toBe(arrival(saying("hello", none)));
  });

  test("notes that can't be read count as none", async () => {
    const memory = new TestMemory();
    memory.kept.set("push/runs", "nonsense");
    memory.kept.set("push/answer/a", '{"parts":1}');
    memory.kept.set("push/cut/a", "many");
    const notes = new Notes(memory);
    expect(await notes.left()).toEqual([]);
    expect(await notes.answer("a")).toBeUndefined();
    expect(await notes.cuts("a")).toEqual({ interrupted: true, crashes: 0 });
  });

  test("runs at once are noted together, and each is gone at its end", async () => {
    const memory = new TestMemory();
    const notes = new Notes(memory);
    await Promise.all([notes.begin("a"), notes.begin("b")]);
    await notes.child("a", { pid: 1, identity: undefined });
    expect(await new Notes(memory).left()).toEqual([
      { activityId: "a", pid: 1, identity: undefined },
      { activityId: "b", pid: undefined, identity: undefined },
    ]);
    await notes.end("a", { cut: false, before: false });
    await notes.child("a", { pid: 2, identity: undefined });
    expect((await new Notes(memory).left()).map((run) => run.activityId)).toEqual(["b"]);
    await notes.end("b", { cut: false, before: false });
    expect(memory.kept.size).toBe(0);
  });
});

test("an hour's runs are counted by the minute, and a clock that is set back frees them", async () => {
  const memory = new TestMemory();
  const clock = new ManualClock();
  const turns = new HourlyTurns(memory, clock, 2);
  await turns.load();
  expect(await turns.take()).toBeUndefined();
  await clock.advance(30 * 60_000);
  expect(await turns.take()).toBeUndefined();
  expect(await turns.take()).toBe(30 * 60_000);
  const next = new HourlyTurns(memory, clock, 2);
  await next.load();
  expect(await next.take()).toBe(30 * 60_000);
  await clock.advance(30 * 60_000);
  expect(await next.take()).toBeUndefined();
  const back = new HourlyTurns(memory, new ManualClock(Date.UTC(2020, 0, 1)), 1);
  await back.load();
  expect(await back.take()).toBeUndefined();
});

test("refusals are told once a minute for each reason, with their number", async () => {
  const clock = new ManualClock();
  const told: unknown[] = [];
  const refusals = new Refusals({ clock, emit: (event) => void told.push(event) });
  for (let n = 0; n < 5; n++) refusals.note(401, "wrong");
  refusals.note(503, "busy");
  await clock.advance(60_000);
  refusals.note(401, "wrong");
  expect(told).toEqual([
    { type: "push-refused", count: 1, status: 401, reason: "wrong" },
    { type: "push-refused", count: 1, status: 503, reason: "busy" },
    { type: "push-refused", count: 5, status: 401, reason: "wrong" },
  ]);
});

describe("a body", () => {
  const post = (body: string | ReadableStream<Uint8Array>) =>
    new Request("http://localhost/", { method: "POST", body });

  test("is read whole, and counts until it is released", async () => {
    const bodies = new Bodies(systemClock, 10);
    expect(await bodies.read(post("123456"))).toEqual({ kind: "read", text: "123456", held: 6 });
    expect(await bodies.read(post("12345"))).toEqual({ kind: "no-room" });
    bodies.release(6);
    expect(await bodies.read(post("12345"))).toMatchObject({ kind: "read" });
  });

  test("beyond 16 MiB is refused, whether its length is told or not", async () => {
    const bodies = new Bodies(systemClock);
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1_048_576;
        controller.enqueue(new Uint8Array(1_048_576));
      },
    });
    expect(await bodies.read(post(endless))).toEqual({ kind: "too-large" });
    expect(pulled).toBeLessThan(2 * MAX_BODY_BYTES);
    const told = new Request("http://localhost/", {
      method: "POST",
      body: "x",
      headers: { "content-length": String(MAX_BODY_BYTES + 1) },
    });
    expect(await bodies.read(told)).toEqual({ kind: "too-large" });
    // Nothing of it is counted any more.
    const small = new Bodies(systemClock, 1);
    await small.read(post("too much"));
    expect(await small.read(post("1"))).toMatchObject({ kind: "read" });
  });

  test("that takes more than a minute is given up, and breaks off in words", async () => {
    const clock = new ManualClock();
    const bodies = new Bodies(clock, 100);
    let drip: ReadableStreamDefaultController<Uint8Array> | undefined;
    const slow = new ReadableStream<Uint8Array>({
      start: (controller) => void (drip = controller),
    });
    const reading = bodies.read(post(slow));
    drip?.enqueue(new Uint8Array(90));
    await clock.untilSleeping((ms) => ms === 60_000);
    await clock.advance(60_000);
    expect(await reading).toEqual({ kind: "too-slow" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(await bodies.read(post("x".repeat(100)))).toMatchObject({ kind: "read" });
    const broken = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new Error("gone")),
    });
    expect(await bodies.read(post(broken))).toEqual({ kind: "cut-off" });
  });
});

describe("an answer that takes long", () => {
  const forms = {
    whole: (text: string) => Response.json({ text }, { status: 503 }),
    late: (text: string) => ({ late: text }),
  };

  test("is whole where it comes soon, with a status of its own", async () => {
    const response = await answer(systemClock, Promise.resolve("soon"), forms);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ text: "soon" });
  });

  test("is begun after 20 s, shows a sign of life as often, and is JSON at its end", async () => {
    const clock = new ManualClock();
    const { promise, resolve } = Promise.withResolvers<string>();
    const answering = answer(clock, promise, forms);
    await clock.untilSleeping((ms) => ms === 20_000);
    await clock.advance(20_000);
    const response = await answering;
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    for (let n = 0; n < 3; n++) {
      await clock.untilSleeping((ms) => ms === 20_000);
      await clock.advance(20_000);
    }
    resolve("at last");
    const text = await response.text();
    expect(text).toBe(`\n\n\n\n${JSON.stringify({ late: "at last" })}`);
    expect(JSON.parse(text)).toEqual({ late: "at last" });
  });

  test("ends where its reader hangs up", async () => {
    const clock = new ManualClock();
    const { promise, resolve } = Promise.withResolvers<string>();
    const answering = answer(clock, promise, forms);
    await clock.untilSleeping((ms) => ms === 20_000);
    await clock.advance(20_000);
    await (await answering).body?.cancel();
    resolve("nobody reads it");
    await clock.advance(60_000);
    expect(clock.pending).toEqual([]);
  });
});
