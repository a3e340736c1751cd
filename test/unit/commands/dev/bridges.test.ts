/** What the page is told of the bridges of this machine. */
import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
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

const HOLD = join(import.meta.dir, "..", "..", "store", "programs", "hold.ts");

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

const databaseOf = (folder: string) => new Database(pathsOf(folder, WORKSPACE).database);

/** Somebody who keeps readers out of the store, as a bridge does for a moment as it ends. */
function locked(folder: string): Database {
  const other = databaseOf(folder);
  other.run("PRAGMA locking_mode = EXCLUSIVE");
  other.run("BEGIN EXCLUSIVE");
  other.run("UPDATE totals SET bytes = bytes");
  return other;
}

/** Somebody who keeps everyone from opening the store. */
function closed(folder: string): Database {
  const other = databaseOf(folder);
  other.run("PRAGMA journal_mode = DELETE");
  other.run("BEGIN EXCLUSIVE");
  return other;
}

/** Somebody who writes to the store. */
function writing(folder: string): Database {
  const other = databaseOf(folder);
  other.run("BEGIN IMMEDIATE");
  return other;
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

  test("does not run what a killed bridge has cut, though nothing of its files has changed", async () => {
    const clock = new ManualClock(Date.now());
    using it = lab(clock);
    await using store = await openStore(it.folder);
    await store.journal.admit([asking(1)], undefined);
    await store.journal.begin("m1", true);
    await store.lock.release();
    const bridge = Bun.spawn([process.execPath, HOLD, it.folder, WORKSPACE], { stdin: "pipe" });
    const reader = bridge.stdout.getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe("taken\n");
    expect((await it.look())?.standings.get("m1")).toEqual({ state: "running", runs: 1 });
    bridge.kill("SIGKILL");
    await bridge.exited;
    expect(existsSync(pathsOf(it.folder, WORKSPACE).holder)).toBe(true);
    clock.stall(500);
    const found = await it.look();
    expect(found?.bridge.state).toBe("none");
    expect(found?.standings.get("m1")).toEqual({ state: "journal", runs: 1 });
  });

  test("runs what its store says where it can't be told whether a bridge is there", async () => {
    using it = lab();
    await using store = await openStore(it.folder);
    await store.journal.admit([asking(1)], undefined);
    await store.journal.begin("m1", true);
    await store.lock.release();
    writeFileSync(join(it.folder, "bridges"), "no folder");
    const found = await it.look();
    expect(found?.bridge.troubles[0]).toContain("can't be read");
    expect(found?.standings.get("m1")).toEqual({ state: "running", runs: 1 });
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
      statusOf({
        workspaceId: WORKSPACE,
        troubles: ["refuses kept-token-of-it"],
        backend: "exec given-secret",
      }),
    );
    const found = await it.look();
    const reason = "it said [secret] and [secret]";
    expect(found?.standings.get("m1")).toEqual({ state: "dead", reason });
    expect(found?.bridge.troubles).toEqual(["refuses [secret]"]);
    expect(found?.bridge.backend).toBe("exec [secret]");
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

  test("at a store that is locked tells so, and what was known before", async () => {
    using it = lab();
    {
      await using store = await openStore(it.folder);
      await store.journal.admit([asking(1), asking(2)], undefined);
      await store.journal.bury("m1", "why");
    }
    const first = await it.look();
    expect(first?.bridge).toMatchObject({ troubles: [], unsettled: 1, deadLetters: 1 });
    using other = locked(it.folder);
    const found = await it.look();
    expect(found?.bridge).toMatchObject({ unsettled: 1, deadLetters: 1 });
    expect(found?.bridge.troubles[0]).toContain("Another program holds it");
    expect(found?.standings).toBe(first!.standings);
    // Of what is asked for as much as is known; the rest is told by the first look that succeeds.
    const old = { id: "old", at: "2020-01-01T00:00:00.000000000Z" };
    const dead = { state: "dead", reason: "why" } as const;
    const asked = await it.bridges.standings(WORKSPACE, [{ id: "m1", at: NOW }, old]);
    expect([...asked]).toEqual([["m1", dead]]);
    other.run("DELETE FROM messages WHERE id = 'm2'");
    other.run("COMMIT");
    other.close();
    const last = await it.look();
    expect(last?.bridge).toMatchObject({ troubles: [], unsettled: 0, deadLetters: 1 });
    expect(last?.standings.get("old")).toEqual({ state: "settled" });
    expect(last?.standings.get("m1")).toEqual(dead);
  });

  test("at a workspace that nobody has asked for in a minute begins anew", async () => {
    const clock = new ManualClock(Date.now() + 60_000);
    using it = lab(clock);
    await using store = await openStore(it.folder);
    await store.close();
    const first = await it.look();
    clock.stall(59_999);
    await it.bridges.look(OTHER);
    expect((await it.look())?.standings).toBe(first!.standings);
    clock.stall(60_000);
    await it.bridges.look(OTHER);
    const second = await it.look();
    expect(second?.standings).toEqual(first!.standings);
    expect(second?.standings).not.toBe(first!.standings);
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
    const clock = new ManualClock();
    using it = lab();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1)];
    let fails = true;
    const backend = backendOf(({ text }) => (fails ? failed : { kind: "answer", text }));
    await using bridge = new TestBridge(platform.url, { stateDir: it.folder, backend, clock });
    const { id } = row(1);
    const stateOf = async () => (await it.look())?.standings.get(id)?.state;
    await lookUntil(async () => {
      await clock.advance(1);
      return (await stateOf()) === "dead";
    });
    fails = false;
    expect(await it.bridges.retry(WORKSPACE, id)).toBe(true);
    expect(await it.bridges.retry(WORKSPACE, id)).toBe(false);
    await clock.advance(1_500);
    // What is left to do takes hardly any time of its clock.
    await lookUntil(async () => {
      await clock.advance(1);
      return (await stateOf()) === "settled";
    });
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

  test("waits for a bridge that writes, for some seconds and while all else goes on", async () => {
    const clock = new ManualClock(Date.now());
    using it = lab(clock);
    {
      await using store = await openStore(it.folder);
      await store.journal.admit([asking(1)], undefined);
      await store.journal.bury("m1", "why");
    }
    for (const lock of [locked, closed, writing]) {
      using other = lock(it.folder);
      const began = performance.now();
      const waiting = it.bridges.retry(WORKSPACE, "m1");
      const asleep = () => clock.untilSleeping((left) => left > 0);
      await asleep();
      for (let n = 0; n < 3; n++) {
        await clock.advance(await asleep());
        await asleep();
      }
      // Four tries.
      expect(performance.now() - began).toBeLessThan(4_000);
      if (lock === writing) {
        other.run("ROLLBACK");
        await clock.advance(await asleep());
        expect(await waiting).toBe(true);
      } else {
        const failed = waiting.catch((thrown: unknown) => thrown);
        clock.stall(5_000);
        await clock.advance(0);
        const error = await failed;
        expect(error).toBeInstanceOf(MoleculeError);
        expect((error as MoleculeError).hint).toContain("Another program holds it");
      }
    }
    expect((await it.look())?.bridge).toMatchObject({ unsettled: 1, deadLetters: 0 });
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
