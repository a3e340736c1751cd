/** What the page is told of the bridges of this machine. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { processIdentity } from "../../../../src/backends/process/identity.ts";
import type { Outcome } from "../../../../src/backends/backend.ts";
import { bridgesIn } from "../../../../src/commands/dev/bridges.ts";
import type { WorkspaceStatus } from "../../../../src/observe/status.ts";
import type { Standing } from "../../../../src/page/wire.ts";
import { MoleculeError } from "../../../../src/shared/errors.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";
import { LocalStore, pathsOf } from "../../../../src/store/local.ts";
import { openDeadLetters } from "../../../../src/store/open-dead-letters.ts";
import { backendOf, TestBridge } from "../../../harness/bridge.ts";
import { ManualClock } from "../../../harness/clock.ts";
import { WINDOWS } from "../../../harness/platform.ts";
import { row, ScriptedPlatform, WORKSPACE } from "../../../harness/scripted-platform.ts";
import { tmpFolder } from "../../../harness/tmp.ts";
import { lookUntil } from "../../../harness/wait.ts";
import { statusOf } from "../../observe/support.ts";
import { answerTo, asking, openStore, pending } from "../../store/support.ts";

setDefaultTimeout(60_000);

/** Later than all that a test has settled. */
const NOW = "2100-01-01T00:00:00.000000000Z";

const OTHER = "99999999-9999-4999-8999-999999999999";

function lab(clock?: ManualClock) {
  const folder = tmpFolder();
  const secrets = new Secrets();
  const bridges = bridgesIn(folder.path, { io: { secrets } }, clock);
  return {
    folder: folder.path,
    secrets,
    bridges,
    look: () => bridges.look(WORKSPACE),
    [Symbol.dispose]: folder[Symbol.dispose],
  };
}

/** What this process would write of itself. */
function writeStatus(folder: string, ...workspaces: WorkspaceStatus[]): void {
  mkdirSync(join(folder, "bridges"), { recursive: true });
  const status = {
    version: "1.2.3",
    pid: process.pid,
    identity: processIdentity(process.pid),
    host: hostname(),
    startedAt: 1_000,
    at: Date.now(),
    workspaces,
  };
  writeFileSync(join(folder, "bridges", `${process.pid}.json`), JSON.stringify(status));
}

describe("a workspace", () => {
  test("of which nothing is kept has no bridge", async () => {
    using it = lab();
    expect(await it.look()).toBeUndefined();
    expect(await it.bridges.look("../../etc/passwd")).toBeUndefined();
    expect(await it.bridges.standings(WORKSPACE, [{ id: "x", at: NOW }])).toEqual(new Map());
    expect(await it.bridges.retry(WORKSPACE, "x")).toBe(false);
    expect(readdirSync(it.folder)).toEqual([]);
  });

  test("whose bridge has ended has one in the state none, and what was kept of its messages", async () => {
    using it = lab();
    {
      await using store = await openStore(it.folder);
      await store.journal.admit([asking(1), asking(2)], undefined);
      await store.journal.bury("m2", "why");
    }
    const found = await it.look();
    expect(found?.bridge).toEqual({
      state: "none",
      troubles: [],
      backend: null,
      pid: null,
      since: null,
      wake: null,
      unsettled: 1,
      outbox: 0,
      deadLetters: 1,
    });
    expect([...(found?.standings ?? [])]).toContainEqual(["m2", { state: "dead", reason: "why" }]);
  });

  test("is told of as its process writes it, with the exact counts of its store", async () => {
    using it = lab();
    await using store = await openStore(it.folder);
    await store.journal.admit([asking(1)], undefined);
    writeStatus(
      it.folder,
      statusOf({
        workspaceId: WORKSPACE,
        state: "troubled",
        troubles: ["heartbeats fail"],
        backend: "exec",
        wake: "healthy",
        store: { unsettled: 90, outbox: 90, deadLetters: 90 },
      }),
    );
    expect((await it.look())?.bridge).toEqual({
      state: "troubled",
      troubles: ["heartbeats fail"],
      backend: "exec",
      pid: process.pid,
      since: 1_000,
      wake: "healthy",
      unsettled: 1,
      outbox: 0,
      deadLetters: 0,
    });
  });

  test("of a bridge that has kept nothing yet is told of, too", async () => {
    using it = lab();
    writeStatus(it.folder, statusOf({ workspaceId: WORKSPACE, state: "starting" }));
    const found = await it.look();
    expect(found?.bridge).toMatchObject({ state: "starting", unsettled: 0 });
    expect(found?.standings.size).toBe(0);
  });

  test("does not run what the death of its bridge has cut: that waits for the next one", async () => {
    const clock = new ManualClock(Date.now());
    using it = lab(clock);
    await using store = await openStore(it.folder);
    await store.journal.admit([asking(1)], undefined);
    await store.journal.begin("m1", true);
    const stateOf = async () => (await it.look())?.standings.get("m1");
    expect(await stateOf()).toEqual({ state: "running", runs: 1 });
    // Its lock is all that is known of it.
    rmSync(pathsOf(it.folder, WORKSPACE).holder);
    clock.stall(500);
    expect((await it.look())?.bridge.state).toBe("none");
    expect(await stateOf()).toEqual({ state: "journal", runs: 1 });
    const asked = await it.bridges.standings(WORKSPACE, [{ id: "m1", at: NOW }]);
    expect(asked.get("m1")).toEqual({ state: "journal", runs: 1 });
    // One that waits for its turn serves nothing, either.
    writeStatus(it.folder, statusOf({ workspaceId: WORKSPACE, state: "waiting" }));
    clock.stall(500);
    expect((await it.look())?.bridge.state).toBe("waiting");
    expect(await stateOf()).toEqual({ state: "journal", runs: 1 });
  });
});

describe("a look", () => {
  test("gives the same standings until one of them has changed", async () => {
    using it = lab();
    await using store = await openStore(it.folder);
    await store.journal.admit([asking(1)], undefined);
    const first = await it.look();
    for (let n = 0; n < 3; n++) expect((await it.look())?.standings).toBe(first!.standings);
    await store.journal.begin("m1", true);
    expect((await it.look())?.standings.get("m1")).toEqual({ state: "running", runs: 1 });
  });

  test("reads the files of the processes once in half a second for all workspaces", async () => {
    const clock = new ManualClock(Date.now());
    using it = lab(clock);
    const states = async () => [
      (await it.look())?.bridge.state,
      (await it.bridges.look(OTHER))?.bridge.state,
    ];
    const served = (state: WorkspaceStatus["state"]) =>
      writeStatus(
        it.folder,
        ...[WORKSPACE, OTHER].map((workspaceId) => statusOf({ workspaceId, state })),
      );
    served("starting");
    expect(await states()).toEqual(["starting", "starting"]);
    served("connected");
    clock.stall(499);
    expect(await states()).toEqual(["starting", "starting"]);
    clock.stall(1);
    expect(await states()).toEqual(["connected", "connected"]);
  });

  test("masks reasons and troubles, also with the token that is kept", async () => {
    using it = lab();
    it.secrets.add("given-secret");
    await using store = await openStore(it.folder);
    await store.saveToken("kept-token-of-it");
    await store.journal.admit([asking(1)], undefined);
    await store.journal.bury("m1", "it said kept-token-of-it and given-secret");
    writeStatus(
      it.folder,
      statusOf({ workspaceId: WORKSPACE, troubles: ["refuses kept-token-of-it"] }),
    );
    const found = await it.look();
    const reason = "it said [secret] and [secret]";
    expect(found?.standings.get("m1")).toEqual({ state: "dead", reason });
    expect(found?.bridge.troubles).toEqual(["refuses [secret]"]);
    const asked = await it.bridges.standings(WORKSPACE, [{ id: "m1", at: NOW }]);
    expect(asked.get("m1")).toEqual({ state: "dead", reason });
  });

  test("never rejects: what can't be read is a trouble of the bridge, with what to do", async () => {
    using it = lab();
    writeFileSync(pathsOf(it.folder, WORKSPACE).database, "x".repeat(8_192));
    const found = await it.look();
    expect(found?.bridge).toMatchObject({ state: "none", unsettled: 0 });
    expect(found?.bridge.troubles).toEqual([
      expect.stringMatching(/file is not a database.*\. It is not a database\. Move it away/s),
    ]);
    expect(found?.standings.size).toBe(0);
    expect(await it.bridges.standings(WORKSPACE, [{ id: "m1", at: NOW }])).toEqual(new Map());
  });

  test.skipIf(WINDOWS)("never rejects where the state folder is none", async () => {
    using it = lab();
    const file = join(it.folder, "file");
    writeFileSync(file, "");
    const bridges = bridgesIn(file, { io: it });
    const found = await bridges.look(WORKSPACE);
    expect(found?.bridge.state).toBe("none");
    expect(found?.bridge.troubles[0]).toContain("can't be read: ENOTDIR. Name the folder");
  });
});

describe("a bridge that runs", () => {
  const failed: Outcome = { kind: "failed", reason: "it can't be done", told: "no" };

  test("shows each message from the journal to its end", async () => {
    using it = lab();
    await using platform = new ScriptedPlatform();
    const [run, post] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    platform.rows = [row(1), row(2, { text: "fail" })];
    platform.on("a2a", async () => {
      await post.promise;
      return Response.json({ result: {} });
    });
    const backend = backendOf(async ({ text }) => {
      await run.promise;
      return text === "fail" ? failed : { kind: "answer", text };
    });
    await using bridge = new TestBridge(platform.url, { stateDir: it.folder, backend });
    const seen: string[] = [];
    const until = (id: string, state: Standing["state"]) =>
      lookUntil(async () => {
        const standing = (await it.look())?.standings.get(id);
        const step = `${standing?.state ?? "unknown"}`;
        if (id === row(1).id && seen.at(-1) !== step) seen.push(step);
        return standing?.state === state;
      });
    await until(row(1).id, "running");
    expect((await it.look())?.bridge.state).toBe("unknown");
    await until(row(2).id, "journal");
    run.resolve();
    await until(row(1).id, "outbox");
    post.resolve();
    await until(row(1).id, "settled");
    expect(seen.filter((step) => step !== "unknown" && step !== "journal")).toEqual([
      "running",
      "outbox",
      "settled",
    ]);
    await until(row(2).id, "dead");
    expect((await it.look())?.standings.get(row(2).id)).toMatchObject({
      runs: 1,
      reason: expect.stringContaining("it can't be done"),
    });
    expect(await bridge.stop()).toBeUndefined();
  });

  test("takes up a letter that is retried within a second or so", async () => {
    using it = lab();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    let fails = true;
    const backend = backendOf(({ text }) => (fails ? failed : { kind: "answer", text }));
    await using bridge = new TestBridge(platform.url, { stateDir: it.folder, backend });
    const { id } = row(1);
    const stateOf = async () => (await it.look())?.standings.get(id)?.state;
    await lookUntil(async () => (await stateOf()) === "dead");
    fails = false;
    expect(await it.bridges.retry(WORKSPACE, id)).toBe(true);
    expect(await it.bridges.retry(WORKSPACE, id)).toBe(false);
    await lookUntil(async () => (await stateOf()) === "settled");
    expect(await bridge.stop()).toBeUndefined();
  });
});

describe("a retry", () => {
  test("posts an undelivered answer as a new message", async () => {
    using it = lab();
    const body = (messageId: string) =>
      JSON.stringify({ id: messageId, params: { message: { messageId, parts: [] } } });
    {
      await using store = await openStore(it.folder);
      await store.journal.admit([asking(1)], undefined);
      await store.outbox.keep(answerTo("m1", { body: body("old") }));
      await store.outbox.refused(await pending(store), "403");
    }
    expect(await it.bridges.retry(WORKSPACE, "m1")).toBe(true);
    await using store = await openStore(it.folder);
    const posted = JSON.parse(await store.outbox.body(await pending(store)));
    expect(posted.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(posted.params.message.messageId).toBe(posted.id);
  });

  test("rejects where the store can't be written, and says why", async () => {
    using it = lab();
    writeFileSync(pathsOf(it.folder, WORKSPACE).database, "x".repeat(8_192));
    const error = await it.bridges.retry(WORKSPACE, "m1").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MoleculeError);
    expect(String(error)).toContain("file is not a database");
  });

  test("leaves no other letter changed, and the files as they were", async () => {
    using it = lab();
    const store: LocalStore = await openStore(it.folder);
    await store.journal.admit([asking(1), asking(2)], undefined);
    for (const id of ["m1", "m2"]) await store.journal.bury(id, "why");
    await store.close();
    const before = readdirSync(it.folder).sort();
    await it.bridges.retry(WORKSPACE, "m1");
    expect((await it.look())?.bridge).toMatchObject({ unsettled: 1, deadLetters: 1 });
    expect(readdirSync(it.folder).sort()).toEqual(before);
    const opened = openDeadLetters(it.folder, WORKSPACE);
    expect(await opened?.letters.list()).toMatchObject([{ id: "m2" }]);
    opened?.close();
  });
});
