import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BackendRequest } from "../../../../src/backends/backend.ts";
import { openDeadLetters } from "../../../../src/store/open-dead-letters.ts";
import { backendOf, changed, TestBridge, type BridgeUnderTest } from "../../../harness/bridge.ts";
import { Keeper } from "../../../../src/bridge/keeper.ts";
import { Naps } from "../../../../src/bridge/naps.ts";
import type { Pace } from "../../../../src/bridge/pace.ts";
import { ReceivedFiles } from "../../../../src/bridge/files/received-files.ts";
import { readEntered } from "../../../../src/bridge/runs/run.ts";
import { MoleculeError } from "../../../../src/shared/errors.ts";
import { PlatformError, type Platform } from "../../../../src/platform/platform.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { LOOK_MS, pump } from "../../../harness/pump.ts";
import { PEER, row, ScriptedPlatform, WORKSPACE } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { lookUntil } from "../../../harness/wait.ts";
import { openStore } from "../../store/support.ts";
import {
  canvas,
  deadLetters,
  diskFull,
  enter,
  notices,
  once,
  refusal,
  withStore,
} from "../support.ts";

const never = new AbortController().signal;
const MIB = 1024 * 1024;
const FILE_ID = "ffffffff-0000-4000-8000-000000000001";
const pendingUri = (fileId = FILE_ID, workspace = WORKSPACE) =>
  `platform-pending:${workspace}/${fileId}`;

/** A row whose message holds a text, if any, and these files. */
function withFiles(
  n: number,
  files: object[],
  { text = "look", source = null as string | null } = {},
) {
  const parts = [
    ...(text === "" ? [] : [{ kind: "text", text }]),
    ...files.map((file) => ({ kind: "file", file })),
  ];
  const params = { message: { role: "user", messageId: `msg-${n}`, parts } };
  return row(n, { source_id: source, request_body: { jsonrpc: "2.0", id: "1", params } });
}

const pending = (name: string, fileId?: string) => ({ name, uri: pendingUri(fileId) });

/** A backend that reads files, and what it found in them. */
function reader() {
  const found: string[] = [];
  const backend = backendOf(
    ({ files }) => {
      for (const { path } of files)
        found.push(path === undefined ? "-" : readFileSync(path, "utf8"));
      return { kind: "answer", text: "read" };
    },
    { readsFiles: true },
  );
  return { backend, found };
}

const folderOf = (stateDir: string, n = 1) => join(stateDir, `${WORKSPACE}.files`, row(n).id);

/** Settles a backlog of these rows with a backend that reads files. */
async function read(rows: ReturnType<typeof row>[], setup: BridgeUnderTest = {}) {
  const platform = new ScriptedPlatform();
  platform.rows = rows;
  const { backend, found } = reader();
  const { bridge, end } = await once(platform, { backend, ...setup });
  expect(end).toBeUndefined();
  const release = async () => {
    await bridge[Symbol.asyncDispose]();
    await platform[Symbol.asyncDispose]();
  };
  return { platform, bridge, found, requests: backend.requests, [Symbol.asyncDispose]: release };
}

/** What the file system says for good, in the store's words. */
const refusedBy = (code: string) =>
  new MoleculeError(`it can't be written (${code})`, {
    cause: Object.assign(new Error(code), { code }),
  });

const problemsOf = ({ files }: BackendRequest) => files.map(({ problem }) => problem);

describe("a file that came with a message", () => {
  test("is fetched for its run, known by its path everywhere, acknowledged after it, and removed", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [withFiles(1, [{ ...pending("../notes.txt"), mimeType: "text/plain" }])];
    const order: string[] = [];
    for (const route of ["download", "acknowledge", "notify"] as const) {
      platform.on(route, () => void order.push(route) as undefined);
    }
    const { backend, found } = reader();
    const { bridge } = await once(platform, { backend });
    await using _ = bridge;
    const [request] = backend.requests;
    const [file] = request?.files ?? [];
    expect(found).toEqual(["a file"]);
    expect(file).toMatchObject({ name: "../notes.txt", size: 6, mimeType: "text/plain" });
    expect(file?.path).toBe(join(folderOf(bridge.stateDir), "in", "notes.txt"));
    expect(request?.parts[1]).toEqual({ kind: "file", file: file! });
    expect(order).toEqual(["download", "notify", "acknowledge"]);
    expect(platform.calls("acknowledge")[0]?.path).toContain(FILE_ID);
    expect(existsSync(folderOf(bridge.stateDir))).toBe(false);
  });

  test("and is all of the message stands with its path in the text", async () => {
    await using run = await read([withFiles(1, [pending("a.csv")], { text: "" })]);
    const [request] = run.requests;
    expect(request?.text).toBe(`[file] a.csv (text/plain, ${request?.files[0]?.path})`);
  });

  test("inline is written down and its bytes are dropped", async () => {
    const bytes = Buffer.from("inline!").toString("base64");
    await using run = await read([withFiles(1, [{ name: "a", bytes }], { source: PEER })]);
    expect(run.found).toEqual(["inline!"]);
    expect(run.requests[0]?.files[0]).toEqual({
      name: "a",
      mimeType: undefined,
      uri: undefined,
      size: 7,
      path: join(folderOf(run.bridge.stateDir), "in", "a"),
    });
    expect(existsSync(folderOf(run.bridge.stateDir))).toBe(false);
  });

  test("has a place of its own, also where two have one name", async () => {
    const rows = [withFiles(1, [pending("a", "f1"), pending("b/A", "f2")])];
    await using run = await read(rows);
    expect(new Set(run.requests[0]?.files.map(({ path }) => path?.toLowerCase())).size).toBe(2);
    expect(
      run.platform
        .calls("acknowledge")
        .map(({ path }) => path.split("/")[4])
        .sort(),
    ).toEqual(["f1", "f2"]);
  });

  test("is not fetched for a backend that reads none, and not acknowledged", async () => {
    const backend = backendOf();
    await using run = await read([withFiles(1, [pending("a")])], { backend });
    expect(backend.requests[0]?.files[0]).toMatchObject({ name: "a", uri: pendingUri() });
    expect(run.platform.calls("download")).toEqual([]);
    expect(run.platform.calls("acknowledge")).toEqual([]);
  });

  test.each([
    ["https://example.org/a.txt", undefined],
    ["file:///etc/passwd", "it lies where only its sender can read it"],
    ["workspace:/etc/passwd", "it lies where only its sender can read it"],
    [pendingUri(FILE_ID, PEER), "it lies where only its sender can read it"],
    [pendingUri(".."), "it lies where only its sender can read it"],
    [`${pendingUri()}/../../x`, "it lies where only its sender can read it"],
  ])("is not looked for where its sender says: %s", async (uri, problem) => {
    await using run = await read([withFiles(1, [{ name: "a", uri }])]);
    expect(run.found).toEqual(["-"]);
    expect(problemsOf(run.requests[0]!)).toEqual([problem]);
    expect(run.platform.calls("download")).toEqual([]);
    expect(run.platform.seen.filter(({ route }) => route === "other")).toEqual([]);
    expect(existsSync(folderOf(run.bridge.stateDir))).toBe(false);
  });

  test("that is the user's is not acknowledged because a peer names it", async () => {
    await using run = await read([withFiles(1, [pending("a")], { source: PEER })]);
    expect(run.found).toEqual(["a file"]);
    expect(run.platform.calls("acknowledge")).toEqual([]);
  });

  test("that we uploaded ourselves is read when the user sends it back, and left to him (T25)", async () => {
    using folder = tmpFolder();
    await withStore(folder.path, (store) => store.memory.remember(`upload/${FILE_ID}`, "x"));
    const rows = [withFiles(1, [pending("ours"), pending("his", "f2")])];
    await using run = await read(rows, { stateDir: folder.path });
    expect(run.found).toEqual(["a file", "a file"]);
    expect(run.platform.calls("acknowledge").map(({ path }) => path.split("/")[4])).toEqual(["f2"]);
  });
});

describe("a name that a stranger chose ends nothing, and costs no file", () => {
  test.each([
    ["a device of Windows with a space", ["con .txt"]],
    ["two that are cut to one", ["a".repeat(160), "a".repeat(160)]],
    ["an extension at the cut", [`${"a".repeat(149)}.${"b".repeat(30)}`]],
    ["many dots", [`a${".".repeat(60_000)}b`]],
  ])("%s", async (_, names) => {
    const files = names.map((name) => ({ name, bytes: "Zm9v" }));
    await using run = await read([withFiles(1, files, { source: PEER }), canvas(2)]);
    expect(run.found).toEqual(names.map(() => "foo"));
  });

  test("one that the file system does not take becomes a plain one", async () => {
    const bytes = "Zm9v";
    const files = [{ name: "file-2", bytes }, { name: "b\u00ff", bytes }, pending("c\u00ff")];
    const tried: string[] = [];
    await using run = await read([withFiles(1, files)], {
      store: (store) =>
        changed(store, {
          files: changed(store.files, {
            receive: (id, name, write) => {
              tried.push(name);
              if (!name.includes("\u00ff")) return store.files.receive(id, name, write);
              return Promise.reject(refusedBy("EILSEQ"));
            },
          }),
        }),
    });
    expect(run.found).toEqual(["foo", "foo", "a file"]);
    expect(tried).toEqual(["file-2", "b\u00ff", "file-2-2", "c\u00ff", "file-3"]);
    expect(run.platform.calls("download")).toHaveLength(1);
  });

  test("one that is taken under no name is left out, like any other that fails alone", async () => {
    const errors = [refusedBy("ENAMETOOLONG"), refusedBy("EINVAL"), new Error("odd")];
    const files = ["a", "b", "c"].map((name) => ({ name, bytes: "Zm9v" }));
    await using run = await read([withFiles(1, files)], {
      store: (store) =>
        changed(store, {
          files: changed(store.files, {
            receive: (id, name, write) => {
              const error = errors.shift();
              return error === undefined
                ? store.files.receive(id, name, write)
                : Promise.reject(error);
            },
          }),
        }),
    });
    const problem = "it can't be kept here";
    expect(problemsOf(run.requests[0]!)).toEqual([problem, problem, undefined]);
  });
});

describe("a folder that can't be used, now and later,", () => {
  const rows = () => [withFiles(1, [{ name: "a", bytes: "Zm9v" }]), canvas(2), row(3)];

  test("fails its message where nothing can be kept in it, and no other", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = rows();
    const { backend } = reader();
    const { bridge, end } = await once(platform, {
      backend,
      store: (store) =>
        changed(store, {
          files: changed(store.files, { receive: () => Promise.reject(refusedBy("EACCES")) }),
        }),
    });
    await using _ = bridge;
    expect(end).toBeUndefined();
    expect(backend.requests.map(({ activityId }) => activityId)).toEqual([row(3).id, row(2).id]);
    expect(notices(platform)).toEqual([
      "I could not answer this: there is no place for its files.",
      "read",
    ]);
    expect(await deadLetters(bridge.stateDir)).toMatchObject([
      { id: row(1).id, reason: "its files can't be kept: it can't be written (EACCES)" },
    ]);
    expect(bridge.of("save-failed")).toEqual([]);
  });

  test("fails its message where there is no place for an answer's files, and no other lane waits", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = rows();
    const backend = backendOf(undefined, { leavesFiles: true });
    const { bridge, end } = await once(platform, {
      backend,
      store: (store) =>
        changed(store, {
          files: changed(store.files, {
            answerFolder: (id, empty) =>
              id === row(1).id
                ? Promise.reject(refusedBy("EPERM"))
                : store.files.answerFolder(id, empty),
          }),
        }),
    });
    await using _ = bridge;
    expect(end).toBeUndefined();
    expect(backend.requests).toHaveLength(2);
    expect(await deadLetters(bridge.stateDir)).toMatchObject([{ id: row(1).id }]);
  });
});

describe("a file is left out with its reason, and its message is run", () => {
  test.each<[string, Response | undefined, string]>([
    ["gone", refusal(404, "file not found"), "the platform no longer has it"],
    ["refused", refusal(403), "the platform refused it"],
    ["too large", undefined, "it is larger than 25 MiB"],
  ])("where it is %s", async (_, answer, problem) => {
    await using platform = new ScriptedPlatform();
    platform.rows = [withFiles(1, [pending("a.txt"), pending("b.txt", "f2")], { text: "" })];
    const large = new Uint8Array(25 * MIB + 1);
    platform.on("download", ({ path }) => {
      if (path.includes("f2")) return undefined;
      return answer ?? new Response(large);
    });
    const { backend, found } = reader();
    const { bridge, end } = await once(platform, { backend });
    await using __ = bridge;
    expect(end).toBeUndefined();
    expect(found).toEqual(["-", "a file"]);
    expect(backend.requests[0]?.text).toStartWith(`[file] a.txt (not fetched: ${problem})\n`);
    expect(bridge.of("file-left-out")).toMatchObject([
      { way: "received", file: "a.txt", reason: problem },
    ]);
    // Nobody has read it, so it is not ours to give away.
    expect(platform.calls("acknowledge").map(({ path }) => path.split("/")[4])).toEqual(["f2"]);
    expect(bridge.of("run-retry")).toEqual([]);
  });

  test("where its content is no base64, or too large", async () => {
    const large = Buffer.alloc(25 * MIB + 1).toString("base64");
    const files = [
      { name: "a", bytes: "%%%" },
      { name: "b", bytes: large },
      { name: "c", bytes: "Zm9v" },
    ];
    await using run = await read([withFiles(1, files)]);
    expect(problemsOf(run.requests[0]!)).toEqual([
      "its content is not base64",
      "it is larger than 25 MiB",
      undefined,
    ]);
    expect(run.found).toEqual(["-", "-", "foo"]);
  });

  test("where there are more than 20, or more than 100 MiB together", async () => {
    const many = Array.from({ length: 22 }, (_, n) => ({ name: `${n}`, bytes: "Zm9v" }));
    await using run = await read([withFiles(1, many)]);
    expect(run.found.slice(18)).toEqual(["foo", "foo", "-", "-"]);
    expect(problemsOf(run.requests[0]!).slice(19)).toEqual([
      undefined,
      "more than 20 files came",
      "more than 20 files came",
    ]);
    // One line, however many a stranger sends.
    expect(run.bridge.of("file-left-out")).toMatchObject([{ file: "2 more", files: 2 }]);
    await using platform = new ScriptedPlatform();
    platform.rows = [
      withFiles(
        1,
        Array.from({ length: 5 }, (_, n) => pending("a", `f${n}`)),
      ),
    ];
    platform.on("download", () => new Response(new Uint8Array(24 * MIB)));
    const backend = backendOf(undefined, { readsFiles: true });
    const { bridge } = await once(platform, { backend });
    await using _ = bridge;
    expect(problemsOf(backend.requests[0]!).slice(3)).toEqual([
      undefined,
      "the files of the message are larger than 100 MiB together",
    ]);
  });
});

describe("a file that can't be fetched just now", () => {
  test("is waited for: the message is not run before, and what is there is not fetched twice", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [withFiles(1, [pending("a", "f1"), pending("b", "f2")])];
    platform.on("download", ({ path }, nth) =>
      path.includes("f2") && nth < 4 ? refusal(503, "busy", { "retry-after": "0" }) : undefined,
    );
    const { backend, found } = reader();
    const { bridge, end } = await once(platform, { backend });
    await using _ = bridge;
    expect(end).toBeUndefined();
    expect(found).toEqual(["a file", "a file"]);
    expect(platform.calls("download").map(({ path }) => path.split("/")[4])).toEqual([
      "f1",
      "f2",
      "f2",
      "f2",
    ]);
    expect(bridge.of("run-retry")[0]?.reason).toContain("its files are not there yet");
  });

  test.each([401, 404])("for a %d that is no verdict on it, too", async (status) => {
    await using platform = new ScriptedPlatform();
    platform.rows = [withFiles(1, [pending("a")])];
    const answer = () => (status === 404 ? new Response(null, { status }) : refusal(status));
    platform.on("download", (_, nth) => (nth < 2 ? answer() : undefined));
    const { backend, found } = reader();
    const { bridge } = await once(platform, { backend });
    await using _ = bridge;
    expect(found).toEqual(["a file"]);
    expect(bridge.of("run-retry")).toHaveLength(1);
  });

  /** Receiving where every download fails with this status, or none. */
  async function failing(status: number | undefined) {
    const folder = tmpFolder();
    const store = await openStore(folder.path);
    const clock = new ManualClock();
    const it = { status, isHeard: false };
    const platform = {
      download: () => {
        const failure = { verdict: "transient", status: it.status, retryAfterMs: 7 } as const;
        return Promise.reject(new PlatformError("no", failure));
      },
    } as unknown as Platform;
    const naps = new Naps(clock);
    const emit = () => {};
    const keeper = new Keeper({ naps, random: () => 0, emit }, never);
    const pace = { beforeAnswer: async () => {} } as unknown as Pace;
    const watchdog = {
      answers: (status: number | undefined) => status !== undefined || it.isHeard,
    };
    const parts = { platform, store, clock, emit };
    const received = new ReceivedFiles(parts, { keeper, pace, watchdog }, WORKSPACE);
    const message = readEntered(JSON.stringify(withFiles(1, [pending("a")])), WORKSPACE)!;
    const release = async () => {
      await store.close();
      folder[Symbol.dispose]();
    };
    return Object.assign(it, { received, clock, message, [Symbol.asyncDispose]: release });
  }

  const again = { kind: "again", retryAfterMs: 7 };
  const files = [{ problem: "the platform did not give it" }];

  test("is left out after half an hour of broken transfers where the platform answers other calls", async () => {
    await using it = await failing(undefined);
    const { received, clock, message } = it;
    expect(await received.receive(message, never)).toMatchObject(again);
    await clock.advance(30 * 60_000 + 1);
    expect(await received.receive(message, never)).toMatchObject(again);
    it.isHeard = true;
    expect(await received.receive(message, never)).toMatchObject({ message: { files } });
  });

  test("has its own patience, however many others wait: the oldest is forgotten alone", async () => {
    await using it = await failing(500);
    const { received, clock, message } = it;
    const others = Array.from({ length: 1_000 }, (_, n) => ({ ...message, activityId: `m${n}` }));
    for (const one of [message, ...others]) await received.receive(one, never);
    await clock.advance(30 * 60_000 + 1);
    expect(await received.receive(others[500]!, never)).toMatchObject({ message: { files } });
    expect(await received.receive(message, never)).toMatchObject(again);
  });

  test("is told to its asker after a minute, once", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [withFiles(1, [pending("a")])];
    let isAway = true;
    platform.on("download", () => (isAway ? refusal(503, "busy") : undefined));
    const { backend } = reader();
    const clock = new ManualClock();
    const options = { intervalMs: LOOK_MS };
    const setup = { backend, clock, options, random: () => 0.9 };
    await using bridge = new TestBridge(platform.url, setup);
    await bridge.until("run-retry");
    await pump(clock, () => clock.monotonic() > 5 * 60_000, 500, bridge);
    const told =
      "I can't answer yet: the files that came with it can't be fetched. Your message is kept, and answered as soon as I can.";
    expect(notices(platform)).toEqual([told]);
    isAway = false;
    await pump(clock, () => bridge.of("answered").length > 1, 500, bridge);
    expect(notices(platform)).toEqual([told, "read"]);
  });

  test("is left out after half an hour of the platform's failures, and waited for while there is no answer", async () => {
    await using it = await failing(500);
    const { received, clock, message } = it;
    expect(await received.receive(message, never)).toMatchObject(again);
    await clock.advance(30 * 60_000);
    expect(await received.receive(message, never)).toMatchObject(again);
    await clock.advance(1);
    it.status = undefined;
    expect(await received.receive(message, never)).toMatchObject(again);
    it.status = 500;
    expect(await received.receive(message, never)).toMatchObject({ message: { files } });
    // The next trouble has a patience of its own.
    expect(await received.receive(message, never)).toMatchObject(again);
  });

  test("for a full disk, which is told once", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [withFiles(1, [pending("a")])];
    const { backend, found } = reader();
    let tries = 0;
    const { bridge, end } = await once(platform, {
      backend,
      store: (store) =>
        changed(store, {
          files: changed(store.files, {
            receive: (id, name, write) => {
              tries += 1;
              if (tries < 4) return Promise.reject(diskFull());
              return store.files.receive(id, name, write);
            },
          }),
        }),
    });
    await using _ = bridge;
    expect(end).toBeUndefined();
    expect(found).toEqual(["a file"]);
    expect(bridge.of("save-failed")).toHaveLength(1);
    expect(bridge.of("run-retry")).toEqual([]);
  });

  test("is no reason to stay when the bridge is stopped", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [withFiles(1, [pending("a")])];
    const asked = Promise.withResolvers<void>();
    platform.on("download", () => {
      asked.resolve();
      return new Promise<Response>(() => {});
    });
    const { backend } = reader();
    await using bridge = new TestBridge(platform.url, { backend, options: { graceMs: 0 } });
    await asked.promise;
    expect(await bridge.stop()).toBeUndefined();
    expect(backend.requests).toEqual([]);
    expect(bridge.of("stopped")).toMatchObject([{ waiting: 1, dead: 0 }]);
  });
});

describe("the folder of a message", () => {
  test("stays with its dead letter, unacknowledged, and serves its retry", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [withFiles(1, [pending("a")])];
    const failing = backendOf(() => ({ kind: "failed", reason: "x", told: "x" }), {
      readsFiles: true,
    });
    const first = await once(platform, { backend: failing, stateDir: folder.path });
    await using _ = first.bridge;
    expect(await deadLetters(folder.path)).toHaveLength(1);
    expect(readdirSync(join(folderOf(folder.path), "in"))).toEqual(["a"]);
    expect(platform.calls("acknowledge")).toEqual([]);
    await withStore(folder.path, (store) => store.deadLetters.retry(row(1).id));
    const { backend, found } = reader();
    const second = await once(platform, { backend, stateDir: folder.path });
    await using __ = second.bridge;
    expect(found).toEqual(["a file"]);
    expect(platform.calls("download")).toHaveLength(1);
    expect(platform.calls("acknowledge")).toHaveLength(1);
    expect(existsSync(folderOf(folder.path))).toBe(false);
  });

  test("goes when its dead letter is dropped beside the running bridge", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [withFiles(1, [pending("a")])];
    const backend = backendOf(() => ({ kind: "failed", reason: "x", told: "x" }), {
      readsFiles: true,
    });
    await using next = new TestBridge(platform.url, { backend, stateDir: folder.path });
    await next.until("cursor-saved");
    expect(existsSync(folderOf(folder.path))).toBe(true);
    const opened = openDeadLetters(folder.path, WORKSPACE);
    expect(await opened?.letters.drop(row(1).id)).toBe(true);
    opened?.close();
    await platform.untilCalled("acknowledge");
    await lookUntil(() => !existsSync(folderOf(folder.path)));
    expect(await next.stop()).toBeUndefined();
  });

  test("that a process left behind after its message was settled is ended by the next start", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    await withStore(folder.path, async (store) => {
      await enter(store, row(1));
      await store.journal.settle(row(1).id);
      await store.files.receive(row(1).id, "a", (sink) => sink(new Uint8Array(3)));
      await store.files.owe(row(1).id, FILE_ID);
    });
    await mkdir(join(folder.path, `${WORKSPACE}.files`, "not ours"), { recursive: true });
    await using bridge = new TestBridge(platform.url, { stateDir: folder.path });
    await platform.untilCalled("acknowledge");
    await lookUntil(() => !existsSync(folderOf(folder.path)));
    expect(await bridge.stop()).toBeUndefined();
    expect(readdirSync(join(folder.path, `${WORKSPACE}.files`))).toEqual(["not ours"]);
  });

  test("of a message that the journal has lost serves its next run, and is not given away", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [withFiles(1, [pending("a")])];
    const asked = Promise.withResolvers<void>();
    const cut = backendOf(
      async (_, signal) => {
        asked.resolve();
        if (!signal.aborted) await new Promise((resolve) => (signal.onabort = resolve));
        return { kind: "stopped" };
      },
      { readsFiles: true },
    );
    const setup = { stateDir: folder.path, options: { graceMs: 0 } };
    {
      await using bridge = new TestBridge(platform.url, { ...setup, backend: cut });
      await asked.promise;
      await bridge.stop();
    }
    for (const ending of ["db", "db-wal", "db-shm"]) {
      await rm(join(folder.path, `${WORKSPACE}.${ending}`), { force: true });
    }
    const { backend, found } = reader();
    const { bridge } = await once(platform, { ...setup, backend });
    await using _ = bridge;
    expect(found).toEqual(["a file"]);
    expect(platform.calls("download")).toHaveLength(1);
    const order = platform.seen.map(({ route }) => route);
    expect(order.indexOf("acknowledge")).toBeGreaterThan(order.indexOf("notify"));
  });

  test("of a message that nobody knows goes after a day, unacknowledged", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    const old = folderOf(folder.path, 1);
    await withStore(folder.path, async (store) => {
      for (const n of [1, 2]) await store.files.owe(row(n).id, FILE_ID);
    });
    for (const path of [join(old, "owed"), old]) await utimes(path, 0, Date.now() / 1_000 - 90_000);
    await using bridge = new TestBridge(platform.url, { stateDir: folder.path });
    await lookUntil(() => !existsSync(old));
    expect(await bridge.stop()).toBeUndefined();
    expect(existsSync(folderOf(folder.path, 2))).toBe(true);
    expect(platform.calls("acknowledge")).toEqual([]);
  });

  test("is removed although the platform never takes the acknowledgement", async () => {
    await using platform = new ScriptedPlatform();
    platform.rows = [withFiles(1, [pending("a")]), canvas(2)];
    platform.on("acknowledge", () => refusal(500));
    const { backend } = reader();
    const { bridge, end } = await once(platform, { backend });
    await using _ = bridge;
    expect(end).toBeUndefined();
    expect(platform.calls("acknowledge")).toHaveLength(3);
    expect(notices(platform)).toEqual(["read", "read"]);
    expect(existsSync(folderOf(bridge.stateDir))).toBe(false);
  });

  test("is not made for a message without files", async () => {
    await using run = await read([canvas(1), row(2)]);
    expect(readdirSync(run.bridge.stateDir).filter((name) => name.endsWith(".files"))).toEqual([]);
  });

  test("of a run that the death of its process cut serves the next one: nothing is fetched again", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    const raw = withFiles(1, [pending("a", "f1"), pending("b", "f2")]);
    platform.rows = [raw];
    await withStore(folder.path, async (store) => {
      await enter(store, raw);
      await store.journal.begin(raw.id, false);
      await store.files.receive(raw.id, "a", (sink) => sink(new TextEncoder().encode("kept")));
      const out = await store.files.answerFolder(raw.id, true);
      await writeFile(join(out, "part"), "done before");
    });
    const found: string[] = [];
    const backend = backendOf(
      ({ files, interrupted }) => {
        expect(interrupted).toBe(true);
        for (const { path = "" } of files) found.push(readFileSync(path, "utf8"));
        return { kind: "answer", text: "done" };
      },
      { readsFiles: true, leavesFiles: true },
    );
    const { bridge } = await once(platform, { backend, stateDir: folder.path });
    await using _ = bridge;
    expect(found).toEqual(["kept", "a file"]);
    expect(platform.calls("download").map(({ path }) => path.split("/")[4])).toEqual(["f2"]);
    expect(platform.calls("notify")[0]?.body.attachments).toMatchObject([{ name: "part" }]);
    // The one that was fetched before the death, too.
    expect(platform.calls("acknowledge")).toHaveLength(2);
    expect(existsSync(folderOf(folder.path))).toBe(false);
  });

  test("keeps what an interrupted run left for its answer, and nothing of one that is retried", async () => {
    using folder = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [canvas(1)];
    const found: string[][] = [];
    const backend = backendOf(
      async ({ answerFolder = "" }) => {
        found.push(readdirSync(answerFolder));
        const runs = found.length;
        await writeFile(join(answerFolder, `run-${runs}`), "x");
        if (runs === 1) return { kind: "again", reason: "x", told: "x" };
        return runs === 2 ? { kind: "stopped" } : { kind: "answer", text: "done" };
      },
      { leavesFiles: true },
    );
    const setup = { stateDir: folder.path, backend };
    const first = new TestBridge(platform.url, setup);
    await first.until("taken", 2);
    await first.untilTrue(() => backend.requests.length === 2);
    await first.stop();
    await using last = (await once(platform, setup)).bridge;
    expect(found).toEqual([[], [], ["run-2"]]);
    expect(platform.calls("upload")).toHaveLength(2);
    expect(last.of("answered")).toHaveLength(1);
  });
});
