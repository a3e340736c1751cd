/** How a look from outside notices what has changed, what it costs, and what it leaves behind. */
import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { LocalStore, pathsOf } from "../../../src/store/local.ts";
import { openDeadLetters } from "../../../src/store/open-dead-letters.ts";
import { openToRead } from "../../../src/store/open-to-read.ts";
import { StoreLook, type StandingView } from "../../../src/store/store-look.ts";
import { WINDOWS } from "../../harness/platform.ts";
import { WORKSPACE } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { answerTo, asking, at, openStore, pending } from "./support.ts";

setDefaultTimeout(60_000);

const ONE_BY_ONE = join(import.meta.dir, "programs", "one-by-one.ts");

/** Long after all that is written here: times of files are as old as they need to be. */
const LATER = { now: () => Date.now() + 60_000 };

/** A look that counts how often the database was opened for it. */
function counted(folder: string) {
  let opened = 0;
  const open = (path: string) => {
    opened += 1;
    return openToRead(path);
  };
  const looking = new StoreLook(folder, WORKSPACE, { clock: LATER, open });
  return { look: () => looking.look(), opened: () => opened };
}

const filesOf = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.startsWith(`${WORKSPACE}.db`))
    .sort();

describe("a look at what has not changed", () => {
  test("gives the same again, and opens no database", async () => {
    using folder = tmpFolder();
    const { look, opened } = counted(folder.path);
    {
      await using store = await openStore(folder.path);
      await store.journal.admit([asking(1)], undefined);
      const view = look();
      expect(opened()).toBe(1);
      for (let n = 0; n < 10; n++) expect(look()).toBe(view as StandingView);
      expect(opened()).toBe(1);
      await store.journal.begin("m1", true);
      expect(look()?.standings.get("m1")).toEqual({ state: "running", runs: 1 });
      expect(opened()).toBe(2);
    }
    // Nor does one at a store that nobody uses.
    const rest = look();
    expect(rest).toMatchObject({ unsettled: 1 });
    for (let n = 0; n < 10; n++) expect(look()).toBe(rest as StandingView);
    expect(opened()).toBe(3);
  });

  test("trusts no time of a file that may still be that of a later change", async () => {
    using folder = tmpFolder();
    await (await openStore(folder.path)).close();
    const { database } = pathsOf(folder.path, WORKSPACE);
    const wrote = statSync(database).mtimeMs;
    let now = wrote + 1_000;
    const looking = new StoreLook(folder.path, WORKSPACE, { clock: { now: () => now } });
    const young = looking.look();
    const again = looking.look();
    expect(again).toEqual(young);
    expect(again).not.toBe(young as StandingView);
    now = wrote + 10_000;
    const old = looking.look();
    expect(looking.look()).toBe(old as StandingView);
  });
});

describe("no change is missed", () => {
  test("where the log is written over, within one tick of the clock and without growing", async () => {
    using folder = tmpFolder();
    await using store = await openStore(folder.path);
    const { journal } = store;
    await journal.admit([asking(1), asking(2)], undefined);
    for (let n = 0; n < 20; n++) {
      await journal.begin("m2", false);
      await journal.again("m2");
    }
    const { database } = pathsOf(folder.path, WORKSPACE);
    using other = new Database(database);
    other.run("PRAGMA wal_checkpoint(FULL)");
    const size = statSync(`${database}-wal`).size;
    const looking = new StoreLook(folder.path, WORKSPACE, { clock: LATER });
    const still = () => {
      for (const path of [database, `${database}-wal`, `${database}-shm`]) utimesSync(path, 1, 1);
    };
    for (let n = 0; n < 5; n++) {
      await journal.begin("m1", false);
      still();
      expect(looking.look()?.standings.get("m1")?.state).toBe("running");
      await journal.release("m1");
      still();
      expect(looking.look()?.standings.get("m1")?.state).toBe("journal");
    }
    expect(statSync(`${database}-wal`).size).toBe(size);
  });

  test("however the commits of another process fall between the looks", async () => {
    using folder = tmpFolder();
    const child = Bun.spawn([process.execPath, ONE_BY_ONE, folder.path, WORKSPACE], {
      stdin: "pipe",
      stderr: "inherit",
    });
    let told = "";
    const reading = (async () => {
      for await (const bytes of child.stdout) told += Buffer.from(bytes).toString();
    })();
    const looking = new StoreLook(folder.path, WORKSPACE, { clock: LATER });
    // Looks without a pause: many fall into the moment in which a commit is flushed, and can't be seen yet.
    const lookFor = async (line: string) => {
      while (!told.endsWith(`${line}\n`)) {
        looking.look();
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await lookFor("open");
    for (let n = 1; n <= 200; n++) {
      child.stdin.write("next\n");
      await child.stdin.flush();
      await lookFor(String(n));
      const id = n % 2 === 1 ? `m${n}` : `m${n - 1}`;
      const state = looking.look()?.standings.get(id)?.state;
      expect(`${n} ${state}`).toBe(`${n} ${n % 2 === 1 ? "journal" : "running"}`);
    }
    await child.stdin.end();
    expect(await child.exited).toBe(0);
    await reading;
    expect(looking.look()?.unsettled).toBe(100);
  });

  test("where a bridge begins while the file is read as one at rest", async () => {
    using folder = tmpFolder();
    {
      await using store = await openStore(folder.path);
      await store.journal.admit([asking(1)], undefined);
    }
    let bridge: Database | undefined;
    const open = (path: string) => {
      const opened = openToRead(path);
      opened.run("SELECT count(*) FROM seen");
      if (bridge === undefined) {
        bridge = new Database(path);
        bridge.run("UPDATE messages SET state = 'running'");
      }
      return opened;
    };
    const looking = new StoreLook(folder.path, WORKSPACE, { clock: LATER, open });
    expect(looking.look()?.standings.get("m1")?.state).toBe("running");
    bridge?.close();
  });

  test("whatever is done, and whenever it is looked", async () => {
    const id = fc.integer({ min: 1, max: 4 }).map((n) => `m${n}`);
    const step = fc.oneof(
      ...(
        [
          "begin",
          "again",
          "recover",
          "bury",
          "settle",
          "keep",
          "post",
          "refuse",
          "retry",
          "drop",
        ] as const
      ).map((what) => fc.record({ what: fc.constant(what), id })),
      fc.record({ what: fc.constantFrom("checkpoint", "reopen", "prune", "look" as const), id }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        using folder = tmpFolder();
        const looking = new StoreLook(folder.path, WORKSPACE);
        const unsettled = new Set<string>();
        const look = () => {
          const view = looking.look();
          // One that looks for the first time opens it in any case.
          const { standings: now, ...counts } = new StoreLook(folder.path, WORKSPACE).look() ?? {};
          expect(view).toMatchObject(counts);
          for (const [one, standing] of now ?? [])
            expect(view?.standings.get(one)).toEqual(standing);
          for (const one of unsettled) expect(view?.standings.has(one)).toBe(true);
          unsettled.clear();
          for (const [one, { state }] of view?.standings ?? []) {
            if (state !== "settled") unsettled.add(one);
          }
        };
        let store: LocalStore & AsyncDisposable = await openStore(folder.path);
        await store.journal.admit(
          [1, 2, 3, 4].map((n) => asking(n, `peer-${n}`)),
          undefined,
        );
        for (const { what, id } of steps) {
          if (what === "reopen") {
            await store.close();
            look();
            store = await openStore(folder.path);
          } else {
            await act(store, folder.path, what, id).catch(() => {});
          }
          look();
        }
        await store.close();
        look();
        expect(filesOf(folder.path)).toEqual([`${WORKSPACE}.db`]);
      }),
      { numRuns: 40 },
    );
  });
});

type Act =
  | ("begin" | "again" | "recover" | "bury" | "settle")
  | ("keep" | "post" | "refuse" | "retry" | "drop")
  | ("checkpoint" | "prune" | "look");

/** Rejects where the message is not in a state for it. */
async function act(store: LocalStore, folder: string, what: Act, id: string): Promise<void> {
  const { journal, outbox } = store;
  const lane = id.replace("m", "peer-");
  switch (what) {
    case "begin":
      return journal.begin(id, true);
    case "again":
    case "recover":
    case "settle":
      return journal[what](id);
    case "bury":
      return journal.bury(id, "why");
    case "keep":
      return void (await outbox.keep(answerTo(id, { lane })));
    case "post":
      return outbox.posted(await pending(store, lane), at(9));
    case "refuse":
      return outbox.refused(await pending(store, lane), "403");
    case "retry":
    case "drop": {
      const opened = openDeadLetters(folder, WORKSPACE);
      await opened?.letters[what](id);
      return opened?.close();
    }
    case "checkpoint": {
      using other = new Database(pathsOf(folder, WORKSPACE).database);
      return void other.run("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    case "prune":
      return store.prune();
    case "look":
  }
}

describe("a look leaves nothing behind", () => {
  test("beside a database that is at rest", async () => {
    using folder = tmpFolder();
    await (await openStore(folder.path)).close();
    const before = filesOf(folder.path);
    new StoreLook(folder.path, WORKSPACE).look();
    expect(filesOf(folder.path)).toEqual(before);
    expect(before).toEqual([`${WORKSPACE}.db`]);
  });

  test("where a bridge ended meanwhile, and could not take its log away", async () => {
    using folder = tmpFolder();
    const store = await openStore(folder.path);
    await store.journal.admit([asking(1)], undefined);
    const { database } = pathsOf(folder.path, WORKSPACE);
    const looking = new StoreLook(folder.path, WORKSPACE);
    looking.look();
    {
      using looking = openToRead(database);
      looking.run("SELECT 1 FROM seen");
      await store.close();
      expect(filesOf(folder.path)).toContain(`${WORKSPACE}.db-wal`);
    }
    expect(looking.look()).toMatchObject({ unsettled: 1 });
    expect(filesOf(folder.path)).toEqual([`${WORKSPACE}.db`]);
    expect(looking.look()).toMatchObject({ unsettled: 1 });
    expect(filesOf(folder.path)).toEqual([`${WORKSPACE}.db`]);
  });

  test("and takes nothing away after a crash, but reads what the log holds", async () => {
    using folder = tmpFolder();
    using copy = tmpFolder();
    {
      await using store = await openStore(folder.path);
      await store.journal.admit([asking(1)], undefined);
      // What a power cut leaves.
      for (const name of readdirSync(folder.path)) {
        copyFileSync(join(folder.path, name), join(copy.path, name));
      }
    }
    const { database } = pathsOf(copy.path, WORKSPACE);
    const whole = () => [database, `${database}-wal`].map((path) => readFileSync(path, "hex"));
    const before = whole();
    const { look, opened } = counted(copy.path);
    for (let n = 0; n < 5; n++) expect(look()).toMatchObject({ unsettled: 1 });
    expect(opened()).toBeLessThan(4);
    expect(whole()).toEqual(before);
    await (await openStore(copy.path)).close();
    expect(look()).toMatchObject({ unsettled: 1 });
  });

  test("nothing of it keeps a bridge from taking its log away", async () => {
    using folder = tmpFolder();
    const store = await openStore(folder.path);
    const looking = new StoreLook(folder.path, WORKSPACE);
    await store.journal.admit([asking(1)], undefined);
    expect(looking.look()).toMatchObject({ unsettled: 1 });
    await store.close();
    expect(existsSync(`${pathsOf(folder.path, WORKSPACE).database}-wal`)).toBe(false);
  });

  test.skipIf(process.platform !== "linux")(
    "nor does it hold what a bridge took away",
    async () => {
      using folder = tmpFolder();
      const looking = new StoreLook(folder.path, WORKSPACE);
      const held = () =>
        readdirSync("/proc/self/fd")
          .map((fd) => {
            try {
              return readlinkSync(`/proc/self/fd/${fd}`);
            } catch {
              return "";
            }
          })
          .filter((path) => path.startsWith(folder.path));
      for (let n = 0; n < 3; n++) {
        const store = await openStore(folder.path);
        looking.look();
        expect(held().filter((path) => path.endsWith("-shm"))).not.toEqual([]);
        expect(looking.release()).toBe(false);
        await store.close();
        // Whether somebody looks again, or forgets it.
        if (n === 0) expect(looking.release()).toBe(true);
        else looking.look();
        expect(held()).toEqual([]);
      }
      expect(looking.release()).toBe(true);
    },
  );

  test.skipIf(WINDOWS)("and takes no lock from a bridge of this very process", async () => {
    using folder = tmpFolder();
    await using store = await openStore(folder.path);
    const looking = new StoreLook(folder.path, WORKSPACE);
    await store.journal.admit([asking(1)], undefined);
    for (const step of ["begin", "again"] as const) {
      await (step === "begin" ? store.journal.begin("m1", true) : store.journal.again("m1"));
      looking.look();
    }
    // Who finds no lock on the index makes it anew, under the feet of whoever uses it.
    const source = `
      import { Database } from "bun:sqlite";
      const path = ${JSON.stringify(pathsOf(folder.path, WORKSPACE).database)};
      const head = async () => Buffer.from(await Bun.file(path + "-shm").slice(0, 48).bytes()).toString("hex");
      const before = await head();
      const other = new Database(path);
      other.query("SELECT count(*) FROM seen").get();
      other.close();
      console.log(before === (await head()));`;
    const child = Bun.spawnSync([process.execPath, "-e", source], { stderr: "inherit" });
    expect(child.stdout.toString()).toBe("true\n");
    expect(existsSync(`${pathsOf(folder.path, WORKSPACE).database}-wal`)).toBe(true);
  });
});
