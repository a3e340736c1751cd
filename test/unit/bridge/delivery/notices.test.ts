/** Notices to the canvas, of which nobody can say whether they were posted but the feed. */
import { describe, expect, test } from "bun:test";
import { digestOf } from "../../../../src/a2a/identity.ts";
import { wasPosted } from "../../../../src/bridge/delivery/notices.ts";
import type { ActivityRow } from "../../../../src/contract/types.ts";
import {
  PlatformError,
  type ActivityQuery,
  type Platform,
} from "../../../../src/platform/platform.ts";
import { formatTimestamp, parseTimestamp } from "../../../../src/shared/timestamp.ts";
import type { LocalStore } from "../../../../src/store/local.ts";
import { backendOf, changed, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { echo, ScriptedPlatform } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { canvas, enter, keepNotice, notices, withStore } from "../support.ts";

const NEVER = new AbortController().signal;
const timeOf = (row: ActivityRow) => formatTimestamp(parseTimestamp(row.created_at) ?? 0n);

/** Looks for "ok", which answers the row 10, in this feed (oldest first). */
async function look(
  feed: ActivityRow[],
  prepare: (store: LocalStore) => Promise<void> = async () => {},
) {
  using folder = tmpFolder();
  const queries: ActivityQuery[] = [];
  const platform = {
    activity: async (query: ActivityQuery) => {
      queries.push(query);
      const { beforeTs, limit } = query;
      const rows = feed.filter((row) => beforeTs === undefined || timeOf(row) < beforeTs);
      return rows.reverse().slice(0, limit);
    },
  };
  const found = await withStore(folder.path, async (store) => {
    await prepare(store);
    const reply = { digest: digestOf("ok"), at: timeOf(canvas(10)) };
    return wasPosted({ platform, store }, reply, NEVER);
  });
  return { found, queries };
}

/** A notice of the same text that was posted for certain, at the time of that row. */
const posted = async (store: LocalStore, n: number) => {
  const reply = await keepNotice(store, canvas(n), "ok");
  await store.outbox.posted(reply, timeOf(canvas(n)));
};

describe("a notice was posted", () => {
  test("if an echo of its text is in the feed that the journal has not seen", async () => {
    expect((await look([canvas(10), echo(11, "ok")])).found).toBe(true);
    expect((await look([canvas(10), echo(11, "something else")])).found).toBe(false);
    expect((await look([canvas(10)])).found).toBe(false);
  });

  test("if the journal has seen an echo that belongs to no other", async () => {
    const { found, queries } = await look([echo(11, "ok")], (store) =>
      enter(store, echo(11, "ok")),
    );
    expect(found).toBe(true);
    expect(queries).toEqual([]);
  });

  test("but not where all echoes belong to others that were posted for certain", async () => {
    const prepare = async (store: LocalStore) => {
      await posted(store, 11);
      await enter(store, echo(12, "ok"));
    };
    expect((await look([canvas(10), canvas(11), echo(12, "ok")], prepare)).found).toBe(false);
    const twice = [canvas(10), canvas(11), echo(12, "ok"), echo(13, "ok")];
    expect((await look(twice, prepare)).found).toBe(true);
  });

  test("but not where the echo is older than the message, though the journal never saw it", async () => {
    expect((await look([echo(9, "ok"), canvas(10)])).found).toBe(false);
  });

  test("also where its echo is some pages back", async () => {
    const many = Array.from({ length: 450 }, (_, n) => canvas(20 + n));
    const { found, queries } = await look([canvas(10), echo(11, "ok"), ...many]);
    expect(found).toBe(true);
    expect(queries.length).toBe(3);
    expect(queries.every((query) => query.source === "canvas")).toBe(true);
  });

  test("and nothing is looked for behind the message that it answers", async () => {
    const before = Array.from({ length: 900 }, (_, n) => canvas(n - 900));
    const { found, queries } = await look([...before, canvas(10)]);
    expect(found).toBe(false);
    expect(queries.length).toBe(1);
  });
});

/** A client whose first notice ends in a way that tells nothing, whether or not it was posted. */
function doubtful(server: ScriptedPlatform, reaches: boolean, n: number) {
  let calls = 0;
  return (client: Platform): Platform =>
    changed(client, {
      notify: async (message, options) => {
        calls += 1;
        if (calls > 1 || reaches) {
          await client.notify(message, options);
          server.rows.push(echo(n + calls, message));
        }
        if (calls > 1) return;
        const unknown = { verdict: "transient", unknownOutcome: true } as const;
        throw new PlatformError("telling the canvas: the connection was cut", unknown);
      },
    });
}

describe("a post to the canvas that ends without an answer", () => {
  test.each([
    ["and arrived is not repeated", true, "found in the feed"],
    ["and did not arrive is repeated", false, undefined],
  ])("%s", async (_, reaches, note) => {
    await using server = new ScriptedPlatform();
    server.rows = [canvas(1)];
    const clock = new ManualClock();
    const platform = doubtful(server, reaches, 1);
    await using bridge = new TestBridge(server.url, { clock, platform });
    await clock.advanceUntil(() => bridge.of("answered").length === 1, 20);
    expect(notices(server)).toEqual(["echo: text 1"]);
    expect(bridge.of("answered")).toMatchObject([{ to: "canvas", note }]);
  });

  test("and did not arrive is repeated though the same was said before", async () => {
    await using server = new ScriptedPlatform();
    server.rows = [canvas(1)];
    const clock = new ManualClock();
    const backend = backendOf(() => ({ kind: "answer", text: "ok" }));
    server.on("notify", (_, nth) => {
      server.rows.push(echo(2 * nth, "ok"));
      return undefined;
    });
    let cut = false;
    const platform = (client: Platform) =>
      changed(client, {
        notify: async (message, options) => {
          if (!cut) return client.notify(message, options);
          cut = false;
          throw new PlatformError("cut", { verdict: "transient", unknownOutcome: true });
        },
      });
    await using bridge = new TestBridge(server.url, { clock, platform, backend });
    await bridge.until("answered");
    cut = true;
    server.rows.push(canvas(3));
    await clock.advanceUntil(() => bridge.of("answered").length === 2, 20);
    expect(notices(server)).toEqual(["ok", "ok"]);
  });

  test.each([
    ["that is found at the start is looked for first", true, 0],
    ["that is found at the start, and in no feed, is posted", false, 1],
  ])("because the bridge died: one %s", async (_, arrived, posts) => {
    using folder = tmpFolder();
    await using server = new ScriptedPlatform();
    await withStore(folder.path, (store) => keepNotice(store, canvas(1), "ok"));
    server.rows = arrived ? [canvas(1), echo(2, "ok")] : [canvas(1)];
    const clock = new ManualClock();
    const backend = backendOf();
    const stateDir = folder.path;
    await using bridge = new TestBridge(server.url, { clock, backend, stateDir });
    await clock.advanceUntil(() => bridge.of("answered").length === 1, 20);
    expect(notices(server).length).toBe(posts);
    expect(backend.requests).toEqual([]);
    await bridge.stop();
    expect(bridge.of("stopped")).toMatchObject([{ settled: 1, waiting: 0, replies: 0 }]);
  });
});
