/** Following a feed, against a platform that is on and off, prunes, and has rows of one instant. */
import { describe, expect, test } from "bun:test";
import { readRow } from "../../../src/a2a/feed-row.ts";
import { oldestFirst } from "../../../src/bridge/feed/pages.ts";
import type { Log } from "../../../src/cli/log.ts";
import { follow } from "../../../src/commands/workspace/follow.ts";
import { Management } from "../../../src/platform/management.ts";
import { PlatformError } from "../../../src/platform/platform.ts";
import { type Clock, systemClock } from "../../../src/shared/clock.ts";
import { get } from "../../../src/shared/json.ts";
import { readMessage } from "../../../src/a2a/message.ts";
import { partsFor } from "../../harness/client.ts";
import { deafClock } from "../../harness/deaf-clock.ts";
import { Bell, lookUntil } from "../../harness/wait.ts";
import { lab, type Lab, type Member } from "../dev/lab.ts";
import { REVISIONS } from "./operator.ts";

/** There is no pause between two looks. */
const hastyClock: Clock = { ...systemClock, sleep: () => systemClock.sleep(1) };

/** Someone who follows the reader's feed. */
class Follower implements AsyncDisposable {
  readonly texts: string[] = [];
  readonly told: string[] = [];
  readonly bell = new Bell();
  /** How it ended. */
  readonly ended: Promise<unknown>;
  calls = 0;
  /** A newer token, for when the one that is used is refused. */
  newer: string | undefined;
  /** The wait for one. */
  renewing: Promise<void> | undefined;
  /** Thrown in place of the next answers. */
  readonly faults: PlatformError[] = [];
  readonly #stop = new AbortController();

  constructor(platform: Lab, { id, token }: Member, seen: unknown[] = [], clock = hastyClock) {
    let used = token;
    const parts = partsFor(platform.platform.url, { identity: undefined, token: () => used });
    const management = new Management(parts);
    const say = (line: string) => {
      this.told.push(line);
      this.bell.ring();
    };
    const log: Log = { error: say, warn: say, info: say, debug: () => {} };
    this.ended = follow(
      {
        platform: {
          serverNow: () => management.serverNow(),
          events: (...given) => management.events(...given),
          activity: (...given) => {
            this.calls += 1;
            this.bell.ring();
            const fault = this.faults.shift();
            return fault === undefined ? management.activity(...given) : Promise.reject(fault);
          },
        },
        id,
        filter: {},
        log,
        token: {
          get value() {
            return used;
          },
          origin: "the file /t",
          mayChange: true,
          patienceMs: 60_000,
          adopt: () => {},
          renew: async () => {
            await this.renewing;
            const { newer } = this;
            if (newer === undefined || newer === used) return false;
            used = newer;
            return true;
          },
        },
        signal: this.#stop.signal,
        clock,
      },
      oldestFirst(seen.map(readRow).filter((row) => row !== undefined)),
      async ({ raw }) => {
        this.texts.push(readMessage(get(raw, "request_body")).text);
        this.bell.ring();
      },
    ).catch((error: unknown) => error);
  }

  until(count: number): Promise<void> {
    return this.bell.until(() => this.texts.length >= count, `${count} rows`);
  }

  async looks(count = 3): Promise<void> {
    const from = this.calls;
    await this.bell.until(() => this.calls >= from + count, "more looks");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.ended;
  }
}

const numbered = (count: number) => Array.from({ length: count }, (_, i) => `text ${i}`);

describe.each(REVISIONS)("on %s", (revision) => {
  const start = () => lab({ revision, clock: systemClock });

  test("each new row is handed over once, in order, and none that was there before", async () => {
    await using platform = await start();
    const reader = await platform.member("reader");
    await platform.send("canvas", reader, "before");
    await using follower = new Follower(platform, reader, await platform.feed(reader));
    for (const text of numbered(5)) await platform.send("canvas", reader, text);
    await follower.until(5);
    await follower.looks();
    expect(follower.texts).toEqual(numbered(5));
  });

  test("the event stream has each row shown as it comes, and is left at the end", async () => {
    await using platform = await start();
    const reader = await platform.member("reader");
    await platform.send("canvas", reader, "before");
    {
      await using follower = new Follower(platform, reader, await platform.feed(reader), deafClock);
      await follower.bell.until(() => follower.calls >= 1, "the first look");
      for (const [at, text] of numbered(3).entries()) {
        await platform.send("canvas", reader, text);
        await follower.until(at + 1);
      }
      expect(follower.texts).toEqual(numbered(3));
      expect(platform.platform.events.listeners(reader.id)).toBe(1);
    }
    await lookUntil(() => platform.platform.events.listeners(reader.id) === 0);
  });

  test("rows of one instant are all found", async () => {
    await using platform = await start();
    const reader = await platform.member("reader");
    await platform.send("canvas", reader, "before");
    const [row] = await platform.feed(reader);
    await using follower = new Follower(platform, reader, [row]);
    await follower.looks();
    const { activities } = platform.platform.database;
    activities.together(() => {
      for (const text of numbered(250)) {
        activities.add({
          workspace_id: reader.id,
          activity_type: "a2a_receive",
          method: "message/send",
          status: "ok",
          request_body: { params: { message: { parts: [{ kind: "text", text }] } } },
        });
      }
    });
    await follower.until(250);
    await follower.looks();
    expect(follower.texts.toSorted()).toEqual(numbered(250).toSorted());
  });

  test("a feed that was empty is followed from its first row", async () => {
    await using platform = await start();
    const reader = await platform.member("reader");
    await using follower = new Follower(platform, reader);
    await follower.looks();
    await platform.send("canvas", reader, "first");
    await follower.until(1);
    expect(follower.texts).toEqual(["first"]);
  });

  test("a cursor that is gone costs no row and shows none twice", async () => {
    await using platform = await lab({ revision });
    const reader = await platform.member("reader");
    for (const text of ["long before", "before"]) {
      await platform.send("canvas", reader, text);
      platform.clock.time += 1_000;
    }
    // The older one was not asked for.
    const feed = await platform.feed(reader, "?limit=1");
    // As if the row had been pruned.
    const created_at = new Date(Date.parse(feed[0].created_at) - 60_000).toISOString();
    const pruned = { ...feed[0], id: crypto.randomUUID(), created_at };
    await using follower = new Follower(platform, reader, [...feed, pruned]);
    await platform.send("canvas", reader, "after");
    await follower.bell.until(() => follower.texts.includes("after"), "the new row");
    await follower.looks();
    expect(follower.texts).toEqual(["after"]);
    expect(follower.told.join()).toContain("no longer knows the cursor");
  });
});

test("an outage is told at its edges, and what came meanwhile is shown after it", async () => {
  await using platform = await lab({ clock: systemClock });
  const reader = await platform.member("reader");
  await using follower = new Follower(platform, reader);
  await follower.looks();
  const down = () => new PlatformError("no answer", { verdict: "transient" });
  follower.faults.push(down(), down(), down());
  await platform.send("canvas", reader, "meanwhile");
  await follower.until(1);
  expect(follower.texts).toEqual(["meanwhile"]);
  await follower.bell.until(() => follower.told.length >= 2, "the second edge");
  expect(follower.told).toEqual([
    "no answer; trying again until it answers",
    expect.stringContaining("the platform answers again"),
  ]);
});

test("a token that dies ends it", async () => {
  await using platform = await lab({ clock: systemClock });
  const reader = await platform.member("reader");
  await using follower = new Follower(platform, reader);
  await follower.looks();
  platform.platform.database.tokens.revokeAll(reader.id);
  expect(await follower.ended).toMatchObject({ verdict: "unauthorized" });
});

test("a wait for a newer token is told as soon as it begins", async () => {
  await using platform = await lab({ clock: systemClock });
  const reader = await platform.member("reader");
  await using follower = new Follower(platform, reader);
  await follower.looks();
  const { promise, resolve } = Promise.withResolvers<void>();
  follower.renewing = promise;
  platform.platform.database.tokens.revokeAll(reader.id);
  await follower.bell.until(() => follower.told.length > 0, "a word of the wait");
  expect(follower.told).toEqual([
    "the platform refused the token from the file /t; waiting up to 1 min for a new one there",
  ]);
  resolve();
  await follower.ended;
});

test("where there is a newer token, it goes on with that", async () => {
  await using platform = await lab({ clock: systemClock });
  const reader = await platform.member("reader");
  await using follower = new Follower(platform, reader);
  await follower.looks();
  const { tokens } = platform.platform.database;
  // In one turn, so that no look falls between them.
  tokens.revokeAll(reader.id);
  follower.newer = tokens.mint(reader.id, "instance");
  await platform.send("canvas", reader, "after");
  await follower.until(1);
  expect(follower.texts).toEqual(["after"]);
});

test("a newer token opens the event stream, too, where the old one was refused", async () => {
  await using platform = await lab({ clock: systemClock });
  const reader = await platform.member("reader");
  const { tokens } = platform.platform.database;
  tokens.revokeAll(reader.id);
  await using follower = new Follower(platform, reader, [], deafClock);
  follower.newer = tokens.mint(reader.id, "instance");
  await lookUntil(() => platform.platform.events.listeners(reader.id) === 1);
});

test("rows are new by their places, whatever the clock is that stamps them", async () => {
  // Their time stands still, months behind the server's `Date`.
  await using platform = await lab();
  const reader = await platform.member("reader");
  await platform.send("canvas", reader, "before");
  await using follower = new Follower(platform, reader, await platform.feed(reader));
  for (const text of numbered(3)) await platform.send("canvas", reader, text);
  await follower.until(3);
  expect(follower.texts).toEqual(numbered(3));
});
