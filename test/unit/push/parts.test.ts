/** The small parts of push mode: what is remembered, and what is limited. */
import { describe, expect, test } from "bun:test";
import { buildReply } from "../../../src/a2a/reply.ts";
import { arrivalOf } from "../../../src/push/arrival.ts";
import { Bodies, MAX_BODY_BYTES } from "../../../src/push/body.ts";
import { Notes } from "../../../src/push/notes.ts";
import { Paths, secretSegment } from "../../../src/push/paths.ts";
import { Refusals } from "../../../src/push/refusals.ts";
import { systemClock } from "../../../src/shared/clock.ts";
import { ManualClock } from "../../harness/clock.ts";
import { saying, TestMemory } from "./support.ts";

const answerOf = (text: string) =>
  buildReply({ activityId: "a", messageId: "m", contextId: "c", taskId: undefined }, text, "answer")
    .params.message;

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
    await Promise.all([notes.begin("a")(), notes.begin("b")()]);
    await notes.child("a", { pid: 1, identity: undefined });
    expect(await new Notes(memory).left()).toEqual([
      { activityId: "a", pid: 1, identity: undefined },
      { activityId: "b", pid: undefined, identity: undefined },
    ]);
    await notes.end("a", { cut: false, before: false })();
    await notes.child("a", { pid: 2, identity: undefined });
    expect((await new Notes(memory).left()).map((run) => run.activityId)).toEqual(["b"]);
    await notes.end("b", { cut: false, before: false })();
    expect(memory.kept.size).toBe(0);
  });

  test("the end of a run that is written late does not end the next one of its message", async () => {
    const memory = new TestMemory();
    const notes = new Notes(memory);
    await notes.begin("a")();
    const late = notes.end("a", { cut: false, before: false });
    await notes.begin("a")();
    await late();
    expect((await notes.left()).map((run) => run.activityId)).toEqual(["a"]);
    const never = notes.begin("b");
    notes.drop("b");
    await never();
    expect((await notes.left()).map((run) => run.activityId)).toEqual(["a"]);
  });

  test("an answer is known before the disk has taken it", async () => {
    const memory = new TestMemory();
    const { promise, resolve } = Promise.withResolvers<void>();
    const remember = memory.remember.bind(memory);
    memory.remember = (key, value) => promise.then(() => remember(key, value));
    const notes = new Notes(memory);
    const keeping = notes.keepAnswer("a", answerOf("hello"));
    expect(await notes.answer("a")).toEqual(answerOf("hello"));
    resolve();
    await keeping;
    expect(await notes.answer("a")).toEqual(answerOf("hello"));
    expect(await new Notes(memory).answer("a")).toEqual(answerOf("hello"));
  });

  test("of its answers the oldest are forgotten beyond ten thousand, a hundred at a time", async () => {
    const memory = new TestMemory();
    for (let n = 0; n < 10_000; n++) memory.kept.set(`push/answer/old-${n}`, "x");
    const notes = new Notes(memory);
    for (let n = 0; n < 99; n++) await notes.keepAnswer(`new-${n}`, answerOf("hello"));
    expect(memory.kept.size).toBe(10_099);
    await notes.keepAnswer("new-99", answerOf("hello"));
    expect(memory.kept.size).toBe(10_000);
    expect(await notes.answer("new-0")).toEqual(answerOf("hello"));
    // What is large is looked after sooner.
    const large = answerOf("x".repeat(900_000));
    for (let n = 0; n < 20; n++) await notes.keepAnswer(`large-${n}`, large);
    expect(memory.kept.size).toBeLessThan(10_010);
  });
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

  test("of small values is weighed by their number, and of too many refused", async () => {
    const bodies = new Bodies(systemClock, 1_000);
    const body = await bodies.read(post("[1,2,3]"));
    expect(body).toEqual({ kind: "read", text: "[1,2,3]", held: 7 + 3 * 64 });
    expect(await bodies.read(post(`[${"0,".repeat(15)}0]`))).toEqual({ kind: "no-room" });
    if (body.kind === "read") bodies.release(body.held);
    expect(await bodies.read(post("x".repeat(1_000)))).toMatchObject({ kind: "read" });
    const large = new Bodies(systemClock);
    expect(await large.read(post(`[${"0,".repeat(199_999)}0]`))).toMatchObject({ kind: "read" });
    expect(await large.read(post(`[${"0,".repeat(200_000)}0]`))).toEqual({ kind: "too-many" });
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
