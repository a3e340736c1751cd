import { describe, expect, test } from "bun:test";
import { mkdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { AnswerFile } from "../../../../src/backends/backend.ts";
import type { Store } from "../../../../src/store/store.ts";
import { ECHO_MS } from "../../../../src/bridge/delivery/notices.ts";
import { PlatformError } from "../../../../src/platform/platform.ts";
import { backendOf, changed, TestBridge, type BridgeUnderTest } from "../../../harness/bridge.ts";
import { systemClock, type Clock } from "../../../../src/shared/clock.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { LOOK_MS, pump } from "../../../harness/pump.ts";
import { echo, row, ScriptedPlatform, WORKSPACE } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { canvas, deadLetters, notices, once, refusal, replies, withStore } from "../support.ts";
import { onLinks } from "../../../harness/links.ts";

const linked = onLinks().test;

const folderOf = (stateDir: string, n = 1) => join(stateDir, `${WORKSPACE}.files`, row(n).id);

/** A backend that leaves these files, by name and contents, and answers. */
function leaving(files: Record<string, string>, text = "done", named: AnswerFile[] = []) {
  return backendOf(
    async ({ answerFolder }) => {
      for (const [name, contents] of Object.entries(answerFolder === undefined ? {} : files)) {
        await writeFile(join(answerFolder ?? "", name), contents);
      }
      return { kind: "answer", text, files: named };
    },
    { leavesFiles: true },
  );
}

const uploads = (platform: ScriptedPlatform) =>
  platform.calls("upload").map(({ body }) => (body.get("files") as File).name);

const attached = (platform: ScriptedPlatform, nth = 0) =>
  platform.calls("notify")[nth]?.body.attachments?.map(({ name }: { name: string }) => name);

/** A store whose outbox does something more with each answer that is kept. */
const onKeep = (act: () => Promise<void>) => (store: Store) =>
  changed(store, {
    outbox: changed(store.outbox, {
      keep: async (reply, dead) => {
        const kept = await store.outbox.keep(reply, dead);
        await act();
        return kept;
      },
    }),
  });

describe("the files of an answer", () => {
  test("are uploaded before the notice, go with it, and are gone after it", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    const contents: string[] = [];
    platform.on("upload", async ({ body }) => {
      contents.push(await body.get("files").text());
      return undefined as unknown as Response;
    });
    const { bridge } = await once(platform, { backend: leaving({ "b.txt": "bb", "a.csv": "a" }) });
    await using _ = bridge;
    expect(contents).toEqual(["a", "bb"]);
    const [notice] = platform.calls("notify");
    const pendingUri = expect.stringContaining(`platform-pending:${WORKSPACE}/`);
    expect(notice?.body).toEqual({
      message: "done",
      attachments: [
        { uri: pendingUri, name: "a.csv", mimeType: "text/csv", size: 1 },
        { uri: pendingUri, name: "b.txt", mimeType: "text/plain", size: 2 },
      ],
    });
    const order = platform.seen.map(({ route }) => route);
    expect(order.lastIndexOf("upload")).toBeLessThan(order.indexOf("notify"));
    expect(existsSync(folderOf(bridge.stateDir))).toBe(false);
    // They are the user's to read now.
    expect(platform.calls("acknowledge")).toEqual([]);
  });

  test("are known as our own before the user can send them back (T25)", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    let uri = "";
    platform.on("notify", ({ body }) => void (uri = body.attachments[0].uri) as undefined);
    const { bridge } = await once(platform, {
      backend: leaving({ a: "a" }),
      stateDir: folder.path,
    });
    await using _ = bridge;
    const key = `upload/${uri.split("/")[1]}`;
    expect(await withStore(folder.path, ({ memory }) => memory.recall(key))).toBe(row(1).id);
  });

  test("stand in the place of a text where there is none", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    const { bridge } = await once(platform, { backend: leaving({ a: "1", b: "2" }, "") });
    await using _ = bridge;
    expect(notices(platform)).toEqual(["a, b"]);
  });

  test("that the backend named come first, under their names, and stay where they are", async () => {
    using elsewhere = tmpFolder();
    const path = join(elsewhere.path, "x.bin");
    await writeFile(path, "x");
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    const named = [{ path, name: "report.pdf", mimeType: "application/pdf" }, { path }];
    // What happens to it after the run is of no matter.
    const store = onKeep(() => writeFile(path, "changed since"));
    const backend = leaving({ a: "1" }, "done", named);
    let sent = "";
    platform.on("upload", async ({ body }, nth) => {
      if (nth === 1) sent = await body.get("files").text();
      return undefined as unknown as Response;
    });
    const { bridge } = await once(platform, { backend, store });
    await using _ = bridge;
    expect(attached(platform)).toEqual(["report.pdf", "a"]);
    expect(platform.calls("notify")[0]?.body.attachments[0].mimeType).toBe("application/pdf");
    expect(sent).toBe("x");
    expect(existsSync(path)).toBe(true);
  });

  linked(
    "are those that were there when the run ended, whatever is put in their place",
    async () => {
      using elsewhere = tmpFolder();
      await writeFile(join(elsewhere.path, "a"), "another's");
      await using platform = new ScriptedPlatform();
      platform.rows = [canvas(1)];
      let sub = "";
      const backend = backendOf(
        async ({ answerFolder = "" }) => {
          sub = join(answerFolder, "sub");
          await mkdir(sub);
          await writeFile(join(sub, "a"), "harmless");
          return { kind: "answer", text: "done" };
        },
        { leavesFiles: true },
      );
      const sent: string[] = [];
      platform.on("upload", async ({ body }) => {
        sent.push(await body.get("files").text());
        return undefined as unknown as Response;
      });
      const store = onKeep(async () => {
        await rename(sub, `${sub}-old`);
        await symlink(elsewhere.path, sub);
      });
      const { bridge } = await once(platform, { backend, store });
      await using _ = bridge;
      expect(sent).toEqual(["harmless"]);
    },
  );

  test("that were both named and left in the folder go once", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    const backend = backendOf(
      async ({ answerFolder = "" }) => {
        const path = join(answerFolder, "a");
        await writeFile(path, "x");
        return { kind: "answer", text: "", files: [{ path, name: "named" }] };
      },
      { leavesFiles: true },
    );
    const { bridge } = await once(platform, { backend });
    await using _ = bridge;
    expect(attached(platform)).toEqual(["named"]);
  });

  linked(
    "are left out with a word where there are too many, or one is none, or too large",
    async () => {
      using elsewhere = tmpFolder();
      const large = join(elsewhere.path, "large");
      await writeFile(large, "");
      await truncate(large, 100 * 1024 * 1024 + 1);
      await mkdir(join(elsewhere.path, "folder"));
      await writeFile(join(elsewhere.path, "secret"), "s");
      await symlink(join(elsewhere.path, "secret"), join(elsewhere.path, "link"));
      const named = ["large", "folder", "link", "none"].map((name) => ({
        path: join(elsewhere.path, name),
      }));
      await using platform = new ScriptedPlatform();
      platform.rows = [canvas(1)];
      const many = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`f${10 + n}`, "x"]));
      const { bridge } = await once(platform, { backend: leaving(many, "done", named) });
      await using _ = bridge;
      expect(attached(platform)).toHaveLength(10);
      expect(notices(platform)).toEqual([
        "done\n\n(6 files could not be attached: large, folder, link, none, f20 and 1 more)",
      ]);
      expect(
        bridge.of("file-left-out").map(({ way, file, reason }) => [way, file, reason]),
      ).toEqual([
        ["attached", "large", "it is larger than 100 MiB"],
        ["attached", "folder", "there is no such regular file, or it can't be read"],
        ["attached", "link", "there is no such regular file, or it can't be read"],
        ["attached", "none", "there is no such regular file, or it can't be read"],
        ["attached", "f20", "the platform takes 10 files with an answer"],
        ["attached", "f21", "the platform takes 10 files with an answer"],
      ]);
    },
  );

  test("can't go to a peer, who is told so; and there is no folder for any", async () => {
    using elsewhere = tmpFolder();
    const path = join(elsewhere.path, "a.txt");
    await writeFile(path, "x");
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    const backend = leaving({}, "done", [{ path }]);
    const { bridge } = await once(platform, { backend });
    await using _ = bridge;
    expect(backend.requests[0]?.answerFolder).toBeUndefined();
    expect(replies(platform)).toEqual([
      "done\n\n(a.txt could not be attached; files can't be sent to another agent)",
    ]);
    expect(platform.calls("upload")).toEqual([]);
  });
});

describe("an upload that fails", () => {
  test("in passing is made again before the notice is posted, and none is made twice", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    platform.on("upload", (_, nth) => (nth === 2 ? refusal(503, "busy") : undefined));
    const { bridge } = await once(platform, { backend: leaving({ a: "1", b: "2", c: "3" }) });
    await using _ = bridge;
    expect(uploads(platform)).toEqual(["a", "b", "b", "c"]);
    expect(attached(platform)).toEqual(["a", "b", "c"]);
    expect(platform.calls("notify")).toHaveLength(1);
    expect(bridge.of("reply-retry")).toHaveLength(1);
    // It was not the notice whose end is unknown: there is nothing to look for.
    expect(platform.calls("activity").filter(({ query }) => query.has("source"))).toEqual([]);
  });

  test.each([413, 400, 404, 403])(
    "for good (%d) costs the file, and not the answer",
    async (status) => {
      await using platform = new ScriptedPlatform();
      platform.rows = [canvas(1)];
      platform.on("upload", (_, nth) => (nth === 1 ? refusal(status, "no") : undefined));
      const { bridge } = await once(platform, { backend: leaving({ a: "1", b: "2" }) });
      await using _ = bridge;
      expect(notices(platform)).toEqual(["done\n\n(a could not be attached)"]);
      expect(attached(platform)).toEqual(["b"]);
      expect(bridge.of("file-left-out")).toMatchObject([{ way: "attached", file: "a" }]);
      expect(await deadLetters(bridge.stateDir)).toEqual([]);
    },
  );

  test("for a 401 that is not about our token costs the file, and not the answer", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    platform.on("upload", () => refusal(401, "no"));
    const { bridge, end } = await once(platform, { backend: leaving({ a: "1" }) });
    await using _ = bridge;
    expect(end).toBeUndefined();
    expect(notices(platform)).toEqual(["done\n\n(a could not be attached)"]);
    expect(platform.calls("notify")[0]?.body.attachments).toBeUndefined();
  });

  test("for an hour costs the file where the platform answers", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    platform.on("upload", () => refusal(500, "full"));
    const clock = new ManualClock();
    const options = { heartbeatMs: 1e9, intervalMs: 1e9 };
    const backend = leaving({ a: "1" });
    await using bridge = new TestBridge(platform.url, { backend, clock, options });
    await bridge.until("reply-retry");
    await clock.advanceUntil(() => bridge.of("answered").length > 0, 20_000);
    expect(notices(platform)).toEqual(["done\n\n(a could not be attached)"]);
    expect(clock.monotonic()).toBeGreaterThan(3_600_000);
  });

  const broken = () =>
    Promise.reject(new PlatformError("cut off", { verdict: "transient", unknownOutcome: true }));

  test("for an hour without a status costs the file where the platform answers other calls", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    const clock = new ManualClock();
    const options = { heartbeatMs: 1e9, intervalMs: LOOK_MS };
    await using bridge = new TestBridge(platform.url, {
      ...{ backend: leaving({ a: "1" }), clock, options, random: () => 0.9 },
      platform: (client) => changed(client, { upload: broken }),
    });
    await bridge.until("reply-retry");
    await pump(clock, () => bridge.of("answered").length > 0, 1_000, bridge);
    expect(notices(platform)).toEqual(["done\n\n(a could not be attached)"]);
    expect(clock.monotonic()).toBeGreaterThan(3_600_000);
  }, 60_000);

  test("because the platform is away costs nothing, however long that lasts", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    const clock = new ManualClock();
    const options = { heartbeatMs: 1e9, intervalMs: 1e9 };
    let away = true;
    await using bridge = new TestBridge(platform.url, {
      ...{ backend: leaving({ a: "1" }), clock, options, stateDir: folder.path },
      platform: (client) =>
        changed(client, {
          upload: (file, given) => (away ? broken() : client.upload(file, given)),
        }),
    });
    await bridge.until("reply-retry");
    await clock.advanceUntil(() => clock.monotonic() > 2 * 3_600_000, 20_000);
    expect(bridge.of("file-left-out")).toEqual([]);
    away = false;
    await clock.advanceUntil(() => bridge.of("answered").length > 0, 20_000);
    expect(attached(platform)).toEqual(["a"]);
  });

  test("or is slow takes all of its time: the watchdog counts for each file anew", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    const clock = new ManualClock();
    const options = { heartbeatMs: 1e9, intervalMs: 60_000 };
    const files = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`f${n}`, "x"]));
    await using bridge = new TestBridge(platform.url, {
      ...{ backend: leaving(files), clock, options },
      platform: (client) =>
        changed(client, {
          upload: async (file, given) => {
            await clock.sleep(800_000, given?.signal);
            return client.upload(file, given);
          },
        }),
    });
    const ended = Promise.withResolvers<unknown>();
    void bridge.ended.then(ended.resolve);
    let end: unknown;
    void ended.promise.then((error) => (end = error));
    await clock.advanceUntil(() => bridge.of("answered").length > 0 || end !== undefined, 2_000);
    expect(end).toBeUndefined();
    expect(attached(platform)).toHaveLength(10);
  }, 60_000);

  test("because its file vanished costs that file only", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    const copies = join(folderOf(folder.path), "copies");
    const store = onKeep(async () => {
      for (const name of readdirSync(copies)) {
        if (name.endsWith("-a")) await rm(join(copies, name));
      }
    });
    const setup: BridgeUnderTest = { backend: leaving({ a: "1", b: "2" }), store };
    const { bridge } = await once(platform, { ...setup, stateDir: folder.path });
    await using _ = bridge;
    expect(notices(platform)).toEqual(["done\n\n(a could not be attached)"]);
    expect(attached(platform)).toEqual(["b"]);
  });
});

/** A start waits for the echoes of its notices: here they are in the feed at once. */
const clock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms === ECHO_MS ? 0 : ms, signal),
};

describe("a restart", () => {
  test("between two uploads makes the second only, and runs nothing again", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    platform.on("upload", (_, nth) => (nth === 2 ? refusal(503, "busy") : undefined));
    const backend = leaving({ a: "1", b: "2" });
    {
      await using bridge = new TestBridge(platform.url, { backend, clock, stateDir: folder.path });
      await bridge.until("reply-retry");
      expect(await bridge.stop()).toBeUndefined();
    }
    expect(readdirSync(join(folderOf(folder.path), "out")).sort()).toEqual(["a", "b"]);
    const { bridge } = await once(platform, { backend, clock, stateDir: folder.path });
    await using _ = bridge;
    expect(uploads(platform)).toEqual(["a", "b", "b"]);
    expect(backend.requests).toHaveLength(1);
    expect(attached(platform)).toEqual(["a", "b"]);
    expect(existsSync(folderOf(folder.path))).toBe(false);
  });

  test("after a notice of which nobody knows whether it was posted finds it, though a file was left out", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    platform.on("upload", () => refusal(413, "too large"));
    platform.on("notify", ({ body }) => {
      platform.rows.push(echo(2, body.message));
      return new Response("", { status: 502 });
    });
    const backend = leaving({ a: "1" });
    {
      await using bridge = new TestBridge(platform.url, { backend, clock, stateDir: folder.path });
      await bridge.until("reply-retry");
      expect(await bridge.stop()).toBeUndefined();
    }
    const { bridge } = await once(platform, { backend, clock, stateDir: folder.path });
    await using _ = bridge;
    expect(bridge.of("answered")).toMatchObject([{ note: "found in the feed" }]);
    expect(platform.calls("notify")).toHaveLength(1);
    expect(platform.calls("upload")).toHaveLength(1);
  });

  test("by way of the dead letters uploads anew, since the platform keeps files for a day", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    platform.on("notify", (_, nth) => (nth === 1 ? refusal(403, "disabled") : undefined));
    const backend = leaving({ a: "1" });
    const setup = { backend, clock, stateDir: folder.path };
    const first = await once(platform, setup);
    await using _ = first.bridge;
    expect(await deadLetters(folder.path)).toHaveLength(1);
    await withStore(folder.path, (store) => store.deadLetters.retry(row(1).id));
    const second = await once(platform, setup);
    await using __ = second.bridge;
    expect(uploads(platform)).toEqual(["a", "a"]);
    expect(attached(platform, 1)).toEqual(["a"]);
    expect(backend.requests).toHaveLength(1);
    expect(existsSync(folderOf(folder.path))).toBe(false);
  });
});
