/** The event stream as it should be, against a real server; time is moved by hand. */
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { OpenRequests } from "../../../../src/bridge/open-requests.ts";
import { Token } from "../../../../src/platform/token.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";
import { type BridgeUnderTest, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { row, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { ScriptedStream } from "../../../harness/scripted-stream.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { Traffic } from "../../../harness/traffic.ts";

/** Nothing is found by looking, unless a test moves the clock so far. */
const NEVER_MS = 3_600_000;
const INTERVAL_MS = 1_000;

class Scene implements AsyncDisposable {
  readonly platform = new ScriptedPlatform();
  readonly stream = new ScriptedStream(this.platform);
  readonly #traffic = new Traffic(this.platform, this.stream);
  readonly clock = new ManualClock(undefined, () => this.#traffic.settled());
  readonly bridge: TestBridge;

  constructor({ options, ...setup }: Omit<BridgeUnderTest, "clock"> = {}) {
    this.bridge = new TestBridge(this.platform.url, {
      clock: this.clock,
      platform: (client) => this.#traffic.platform(client),
      store: (store) => this.#traffic.store(store),
      ...setup,
      options: { wake: "auto", intervalMs: INTERVAL_MS, ...options },
    });
  }

  /** The stream has proven itself. */
  async untilHealthy(times = 1): Promise<void> {
    const { clock, bridge } = this;
    const isHealthy = () => bridge.of("wake").filter((e) => e.state === "healthy").length >= times;
    await bridge.until("connected");
    await clock.advanceUntil(isHealthy, 500);
  }

  /** How long it takes until the condition holds, by the clock, in ms. */
  async timeUntil(condition: () => boolean, stepMs: number): Promise<number> {
    const from = this.clock.monotonic();
    await this.clock.advanceUntil(condition, stepMs);
    return this.clock.monotonic() - from;
  }

  get answered(): number {
    return this.bridge.of("answered").length;
  }

  get states(): string[] {
    return this.bridge.of("wake").map(({ state }) => state);
  }

  get looks(): number {
    return this.platform.calls("activity").length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bridge[Symbol.asyncDispose]();
    await this.platform[Symbol.asyncDispose]();
  }
}

describe("an event of a row", () => {
  test("has it fetched at once", async () => {
    await using scene = new Scene({ options: { intervalMs: NEVER_MS } });
    await scene.bridge.until("wake");
    scene.stream.arrive(row(1));
    await scene.bridge.until("answered");
    scene.stream.arrive(row(2));
    await scene.bridge.until("answered", 2);
    expect(scene.clock.monotonic()).toBe(0);
  });

  test("that comes while the feed is read is not passed over", async () => {
    await using scene = new Scene({ options: { intervalMs: NEVER_MS } });
    await scene.bridge.until("wake");
    const { promise, resolve } = Promise.withResolvers<void>();
    let held = false;
    scene.platform.on("activity", () => {
      if (held) return undefined;
      held = true;
      return promise.then(() => Response.json([]));
    });
    scene.stream.logged();
    await scene.platform.bell.until(() => held, "a look");
    scene.stream.arrive(row(1));
    resolve();
    await scene.bridge.until("answered");
    expect(scene.clock.monotonic()).toBeLessThan(1_000);
  });

  test("that comes before its row can be read has it looked for again", async () => {
    await using scene = new Scene({ options: { intervalMs: NEVER_MS } });
    await scene.bridge.until("wake");
    scene.stream.logged();
    await scene.bridge.untilTrue(() => scene.bridge.of("looked").some((e) => e.why === "event"));
    scene.platform.rows.push(row(1));
    await scene.clock.advanceUntil(() => scene.answered > 0, 10);
    expect(scene.clock.monotonic()).toBeLessThan(1_000);
  });

  test("of an older row that can be read a moment after the others has it found, and blames nobody", async () => {
    await using scene = new Scene();
    await scene.untilHealthy();
    scene.stream.arrive(row(2));
    scene.stream.logged();
    await scene.bridge.until("answered");
    await scene.clock.advance(300);
    scene.platform.rows.push(row(3));
    expect(await scene.timeUntil(() => scene.answered === 2, 50)).toBeLessThan(4_000);
    await scene.clock.advance(10_000);
    expect(scene.bridge.of("wake-missed")).toEqual([]);
  });

  test("is heeded at once, however often the stream came and went before", async () => {
    await using scene = new Scene({ options: { intervalMs: NEVER_MS } });
    await scene.stream.untilOpened();
    for (let n = 2; n < 9; n++) {
      const looks = scene.bridge.of("looked").length;
      scene.stream.end();
      await scene.clock.advanceUntil(() => scene.stream.opened === n, 500);
      await scene.bridge.until("looked", looks + 1);
    }
    // The clock may have gone on until it was proven.
    await scene.bridge.untilTrue(() => /open|healthy/.test(scene.states.at(-1) ?? ""));
    const from = scene.clock.monotonic();
    scene.stream.arrive(row(1));
    await scene.bridge.until("answered");
    expect(scene.clock.monotonic()).toBe(from);
  });

  test("that is made up costs a look, and ever fewer the more there are", async () => {
    await using scene = new Scene({ options: { intervalMs: NEVER_MS } });
    await scene.bridge.until("wake");
    for (let n = 0; n < 500; n++) {
      scene.stream.logged();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await scene.clock.advance(1_000);
    expect(scene.looks).toBeLessThan(20);
    // And a true one is heard all the same.
    scene.platform.rows.push(row(1));
    await scene.clock.advanceUntil(() => scene.answered > 0, 100);
  });

  test("of another kind is none of ours", async () => {
    await using scene = new Scene({ options: { intervalMs: NEVER_MS } });
    await scene.bridge.until("wake");
    await scene.bridge.untilTrue(() => scene.bridge.of("looked").some((e) => e.why === "stream"));
    const before = scene.looks;
    for (const kind of ["a2a_send", "task_update", "agent_log"]) scene.stream.logged(kind);
    scene.stream.event("TASK_UPDATED");
    scene.stream.event("A_NEW_KIND_OF_EVENT", { activity_type: "a2a_receive" });
    scene.stream.arrive(row(1));
    await scene.bridge.until("answered");
    expect(scene.looks).toBe(before + 1);
  });
});

describe("a stream that brings our heartbeats back", () => {
  test("is proven within seconds, and has the feed left alone for 15 s", async () => {
    await using scene = new Scene();
    await scene.untilHealthy();
    expect(scene.clock.monotonic()).toBeLessThan(4_500);
    await scene.clock.advance(5_000);
    const before = scene.looks;
    expect(await scene.timeUntil(() => scene.looks >= before + 4, 250)).toBeGreaterThan(37_000);
  });

  test("may lose an event: the next look finds the row", async () => {
    await using scene = new Scene();
    await scene.untilHealthy();
    scene.platform.rows.push(row(1));
    expect(await scene.timeUntil(() => scene.answered > 0, 250)).toBeLessThan(17_000);
  });

  test("but does not tell of what comes is not relied on for ten minutes", async () => {
    await using scene = new Scene();
    await scene.untilHealthy();
    scene.platform.rows.push(row(1));
    await scene.clock.advanceUntil(() => scene.bridge.of("wake-missed").length > 0, 250);
    expect(scene.bridge.of("wake-missed")[0]?.forMs).toBe(600_000);
    await scene.clock.advance(1_000);
    const before = scene.looks;
    expect(await scene.timeUntil(() => scene.looks >= before + 10, 100)).toBeLessThan(30_000);
  });

  test("has told of a row whose event comes a moment after a look by time", async () => {
    await using scene = new Scene();
    await scene.untilHealthy();
    scene.platform.rows.push(row(1));
    await scene.clock.advanceUntil(() => scene.answered > 0, 250);
    scene.stream.logged();
    const before = scene.bridge.of("looked").length;
    await scene.bridge.until("looked", before + 1);
    await scene.clock.advance(5_000);
    expect(scene.bridge.of("wake-missed")).toEqual([]);
  });
});

describe("a stream that dies", () => {
  test("is opened again, and what came meanwhile is found", async () => {
    await using scene = new Scene({ options: { intervalMs: NEVER_MS } });
    await scene.bridge.until("wake");
    scene.platform.on("events", () => new Response("later", { status: 503 }));
    scene.stream.end();
    await scene.bridge.untilTrue(() => scene.states.includes("away"));
    await scene.bridge.untilTrue(() => scene.platform.calls("events").length >= 1);
    scene.platform.rows.push(row(1));
    scene.platform.on("events", () => scene.stream.open());
    await scene.clock.advanceUntil(() => scene.answered > 0, 50);
    expect(scene.states.at(-1)).not.toBe("away");
  });

  test("by its end is opened again", async () => {
    await using scene = new Scene();
    await scene.untilHealthy();
    scene.stream.end();
    await scene.clock.advanceUntil(() => scene.stream.opened === 2, 50);
    await scene.untilHealthy(2);
  });

  test("without a word is noticed by the heartbeats that stay out", async () => {
    await using scene = new Scene();
    await scene.untilHealthy();
    scene.stream.echoes = false;
    await scene.clock.advanceUntil(() => scene.stream.left === 1, 1_000);
    const [reason] = scene.bridge.of("wake").flatMap((e) => (e.state === "away" ? e.reason : []));
    expect(reason).toBe("our heartbeats have ceased to come back on it");
    expect(scene.clock.monotonic()).toBeLessThan(110_000);
    scene.stream.echoes = true;
    await scene.untilHealthy(2);
  });

  test("while the machine sleeps is opened anew, and not blamed for what came meanwhile", async () => {
    await using scene = new Scene();
    await scene.untilHealthy();
    scene.platform.rows.push(row(1));
    scene.clock.suspend(3_600_000);
    await scene.clock.advanceUntil(() => scene.stream.opened === 2, 500);
    await scene.clock.advanceUntil(() => scene.answered > 0, 100);
    await scene.clock.advance(10_000);
    expect(scene.states).not.toContain("away");
    expect(scene.bridge.of("wake-missed")).toEqual([]);
  });

  test("is missed: the feed is looked at once at its end", async () => {
    await using scene = new Scene({ options: { intervalMs: NEVER_MS } });
    await scene.bridge.untilTrue(() => scene.bridge.of("looked").some((e) => e.why === "stream"));
    scene.platform.on("events", () => new Response("no", { status: 503 }));
    scene.platform.rows.push(row(1));
    scene.stream.end();
    await scene.bridge.until("answered");
    expect(scene.stream.opened).toBe(1);
  });

  test("with its token is opened with the new one", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "token");
    writeFileSync(path, "tok-the-first-one", { mode: 0o600 });
    const token = await Token.fromFile(path, new Secrets());
    await using scene = new Scene({ token });
    await scene.bridge.until("wake");
    writeFileSync(path, "tok-the-second-one");
    scene.stream.event("EXTERNAL_CREDENTIALS_ROTATED");
    await scene.bridge.until("token-changed");
    await scene.stream.untilOpened(2);
    expect(scene.bridge.of("credentials-rotated")).toMatchObject([{ awaited: true }]);
    const [, second] = scene.platform.calls("events");
    expect(second?.headers.get("authorization")).toBe("Bearer tok-the-second-one");
    expect(scene.bridge.of("token-refused")).toEqual([]);
  });

  test("is not waited for when there is a new token", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "token");
    writeFileSync(path, "tok-the-first-one", { mode: 0o600 });
    const token = await Token.fromFile(path, new Secrets());
    await using scene = new Scene({ token, options: { intervalMs: 200 } });
    scene.platform.on("events", ({ headers }) =>
      headers.get("authorization")?.endsWith("second-one")
        ? scene.stream.open()
        : Response.json({ error: "no" }, { status: 404 }),
    );
    await scene.bridge.untilTrue(() => scene.states.includes("off"));
    writeFileSync(path, "tok-the-second-one");
    scene.platform.on("activity", ({ headers }) =>
      headers.get("authorization")?.endsWith("second-one")
        ? undefined
        : Response.json({ error: "no" }, { status: 401 }),
    );
    await scene.clock.advanceUntil(() => scene.stream.opened === 1, 100);
    expect(scene.clock.monotonic()).toBeLessThan(60_000);
  });

  test("and tells a hundred times of a new token has it looked for once", async () => {
    using folder = tmpFolder();
    const path = join(folder.path, "token");
    writeFileSync(path, "tok-the-first-one", { mode: 0o600 });
    const token = await Token.fromFile(path, new Secrets());
    await using scene = new Scene({ token });
    await scene.bridge.until("wake");
    for (let n = 0; n < 100; n++) scene.stream.event("EXTERNAL_CREDENTIALS_ROTATED");
    scene.stream.arrive(row(1));
    await scene.bridge.until("answered");
    expect(scene.bridge.of("credentials-rotated")).toHaveLength(1);
  });

  test("ends with the bridge", async () => {
    await using scene = new Scene();
    await scene.bridge.until("wake");
    await scene.bridge.stop();
    await scene.stream.untilLeft();
  });
});

describe("a stream of one server among several", () => {
  test("is opened anew ever more rarely for the heartbeats that went to another", async () => {
    await using scene = new Scene();
    let beats = 0;
    scene.platform.on("heartbeat", () => {
      beats += 1;
      if (beats % 7 === 1) scene.stream.beat();
      return undefined;
    });
    await scene.clock.advanceUntil(() => beats > 80, 5_000);
    expect(scene.stream.opened).toBeLessThan(10);
    scene.stream.arrive(row(1));
    await scene.clock.advanceUntil(() => scene.answered > 0, 10);
  });
});

describe("a stream that takes long to open", () => {
  test("is proven soon after it has", async () => {
    await using scene = new Scene();
    const { promise, resolve } = Promise.withResolvers<void>();
    scene.platform.on("events", () => promise.then(() => scene.stream.open()));
    await scene.bridge.until("connected");
    for (let s = 0; s < 40; s++) await scene.clock.advance(500);
    expect(scene.states).toEqual([]);
    resolve();
    expect(await scene.timeUntil(() => scene.states.includes("healthy"), 250)).toBeLessThan(5_000);
  });
});

describe("what is no stream of the platform's", () => {
  const reasons = (scene: Scene) => scene.bridge.of("wake").map((e) => [e.state, e.reason]);

  test("but says nothing at all, is given up, and others are tried", async () => {
    await using scene = new Scene();
    scene.stream.echoes = false;
    await scene.clock.advanceUntil(() => scene.stream.left === 1, 1_000);
    expect(reasons(scene)).toContainEqual([
      "away",
      "nothing comes on it: something on the way may hold it back",
    ]);
    // Meanwhile the feed was looked at as often as ever.
    expect(scene.looks).toBeGreaterThan(20);
  });

  test("but tells of rows is kept, although it does not tell of heartbeats", async () => {
    await using scene = new Scene();
    scene.stream.echoes = false;
    await scene.bridge.until("wake");
    scene.stream.arrive(row(1));
    await scene.bridge.until("answered");
    await scene.clock.advanceUntil(() => scene.platform.calls("heartbeat").length > 4, 1_000);
    expect(scene.stream.left).toBe(0);
    expect(scene.states).not.toContain("healthy");
  });

  test("but a flood of junk is left", async () => {
    await using scene = new Scene({ options: { intervalMs: NEVER_MS } });
    await scene.bridge.until("wake");
    for (let n = 0; n < 400; n++) scene.stream.raw(`data: {"junk": ${n}}\n\nnothing\n`);
    await scene.stream.untilLeft();
    await scene.bridge.untilTrue(() => scene.states.includes("away"));
    expect(reasons(scene)).toContainEqual(["away", "what comes on it is no event"]);
    await scene.clock.advanceUntil(() => scene.stream.opened === 2, 100);
    scene.stream.arrive(row(1));
    await scene.clock.advanceUntil(() => scene.answered > 0, 10);
  });

  test.each([
    [404, "off"],
    [405, "off"],
    [501, "off"],
    [401, "away"],
    [403, "away"],
    [429, "away"],
    [500, "away"],
  ] as const)("by its status %d is %s, and messages come as ever", async (status, state) => {
    await using scene = new Scene({ options: { intervalMs: 20 } });
    scene.platform.on("events", () => Response.json({ error: "no" }, { status }));
    await scene.bridge.until("wake");
    expect(scene.states).toEqual([state]);
    scene.platform.rows.push(row(1));
    await scene.clock.advanceUntil(() => scene.answered > 0, 5);
  });

  test.each([
    ["text/html", undefined, "200, but an answer of type text/html"],
    ["application/json", undefined, "200, but an answer of type application/json"],
    [
      "text/event-stream",
      "gzip",
      "200, but an answer in the encoding gzip, which was not asked for",
    ],
  ])("but %s in encoding %p is none", async (type, encoding, reason) => {
    await using scene = new Scene({ options: { intervalMs: NEVER_MS } });
    const headers = { "content-type": type, ...(encoding && { "content-encoding": encoding }) };
    scene.platform.on("events", () => scene.stream.open(headers as Record<string, string>));
    await scene.bridge.until("wake");
    expect(reasons(scene)).toEqual([["off", `the event stream: ${reason}`]]);
    await scene.stream.untilLeft();
  });

  test("since it never begins holds up nothing", async () => {
    await using scene = new Scene({ options: { intervalMs: 20 } });
    scene.platform.on("events", () => new Promise<Response>(() => {}));
    await scene.bridge.until("connected");
    scene.platform.rows.push(row(1));
    await scene.clock.advanceUntil(() => scene.answered > 0, 5);
    expect(await scene.bridge.stop()).toBeUndefined();
  });
});

describe("no stream is opened", () => {
  test.each([[{ wake: "off" }], [{ once: true }]] as const)("with %j", async (options) => {
    await using scene = new Scene({ options: { intervalMs: 5, ...options } });
    scene.platform.rows.push(row(1));
    await scene.clock.advanceUntil(() => scene.answered > 0, 5);
    expect(scene.platform.calls("events")).toEqual([]);
  });

  test("where the rate limit has no room for it, and opened once it has", async () => {
    await using scene = new Scene({ options: { intervalMs: 60_000 } });
    const { clock } = scene;
    let limit = "2";
    const headers = () => ({ "x-ratelimit-limit": limit, "x-ratelimit-remaining": "1" });
    scene.platform.on("register", () => Response.json({ status: "ok" }, { headers: headers() }));
    scene.platform.on("heartbeat", () => Response.json({ status: "ok" }, { headers: headers() }));
    await scene.bridge.until("connected");
    await clock.advanceUntil(() => scene.platform.calls("heartbeat").length > 1, 1_000);
    expect(scene.stream.opened).toBeLessThanOrEqual(1);
    limit = "6000";
    await clock.advanceUntil(() => scene.stream.opened > 0, 1_000);
  });

  test("beyond those that were closed: their places are free again", async () => {
    const requests = new OpenRequests(57);
    await using scene = new Scene({ requests });
    await scene.bridge.until("wake");
    expect(requests.hasRoom("stream")).toBe(false);
    scene.stream.end();
    await scene.clock.advanceUntil(() => scene.stream.opened === 2, 50);
    await scene.bridge.stop();
    expect(requests.hasRoom("stream")).toBe(true);
  });

  test("where the process has as many as it may", async () => {
    await using scene = new Scene({ requests: new OpenRequests(56), options: { intervalMs: 5 } });
    await scene.bridge.until("wake");
    expect(scene.bridge.of("wake")[0]).toMatchObject({ state: "off" });
    expect(scene.bridge.of("wake")[0]?.reason).toContain("BUN_CONFIG_MAX_HTTP_REQUESTS");
    scene.platform.rows.push(row(1));
    await scene.clock.advanceUntil(() => scene.answered > 0, 5);
    expect(scene.platform.calls("events")).toEqual([]);
  });
});
