import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { openDeadLetters } from "../../../src/store/open-dead-letters.ts";
import { ManualClock } from "../../harness/clock.ts";
import { WORKSPACE } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { lookUntil } from "../../harness/wait.ts";
import { contract } from "./contract.ts";
import { answerTo, asking, at, headOf, pending, trouble } from "./support.ts";

describe("a dead letter", () => {
  contract("keeps all that is known of its message, and is listed oldest first", async (home) => {
    const clock = new ManualClock();
    await using store = await home.open({ clock });
    const { journal, deadLetters } = store;
    await journal.admit([asking(1), asking(2, "")], undefined);
    await journal.begin("m1", true);
    await journal.again("m1");
    await journal.begin("m1", true);
    await journal.recover("m1");
    await journal.bury("m2", "second");
    await clock.advance(1_000);
    await journal.bury("m1", "first");
    const first = {
      id: "m1",
      lane: "peer",
      at: at(1),
      diedAt: clock.now(),
      reason: "first",
      attempts: 1,
      crashes: 1,
    };
    const second = { id: "m2", lane: "", at: at(2), diedAt: clock.now() - 1_000 };
    expect(await deadLetters.list()).toEqual([
      first,
      { ...second, reason: "second", attempts: 0, crashes: 0 },
    ]);
    expect(await deadLetters.get("m1")).toEqual({
      ...first,
      raw: '{"id":"m1"}',
      undelivered: undefined,
    });
    expect(await deadLetters.get("m3")).toBeUndefined();
    expect(await journal.lanes()).toEqual([]);
  });

  contract(
    "is run again from the beginning when it is retried, as a new generation",
    async (home) => {
      await using store = await home.open();
      const { journal, outbox, deadLetters } = store;
      await journal.admit([asking(1)], undefined);
      await outbox.keep(trouble("m1"));
      for (const generation of [1, 2]) {
        await journal.begin("m1", true);
        await journal.again("m1");
        await journal.bury("m1", "why");
        expect(await deadLetters.retry("m1")).toBe(true);
        expect(await headOf(store)).toEqual({
          id: "m1",
          attempts: 0,
          crashes: 0,
          generation,
          interrupted: false,
          told: false,
          isReply: false,
          isEmpty: false,
          reply: undefined,
        });
        expect(await deadLetters.retry("m1")).toBe(false);
      }
      expect(await deadLetters.retry("unknown")).toBe(false);
    },
  );

  contract(
    "with an answer that was not delivered has it posted again, and is not run",
    async (home) => {
      await using store = await home.open();
      const { journal, outbox, deadLetters } = store;
      await journal.admit([asking(1)], undefined);
      await outbox.keep(answerTo("m1", { digest: "d" }));
      await outbox.refused(await pending(store), "403");
      const rebody = (body: string, kind: string, generation: number) =>
        `${body}, ${kind} of ${generation}`;
      expect(await deadLetters.retry("m1", rebody)).toBe(true);
      const reply = await pending(store);
      expect(await outbox.body(reply)).toBe("an answer, answer of 1");
      expect(reply).toMatchObject({
        generation: 1,
        digest: "d",
        at: at(1),
        maybePosted: false,
      });
      expect(await outbox.count()).toBe(1);
      await outbox.refused(reply, "403");
      await deadLetters.retry("m1");
      const again = await pending(store);
      expect(again.generation).toBe(2);
      expect(await outbox.body(again)).toBe("an answer, answer of 1");
      await outbox.posted(again, at(2));
      expect(await journal.load()).toMatchObject({ waiting: 0, deadLetters: 0, bytes: 0 });
    },
  );

  contract("with the word that it failed is run again all the same", async (home) => {
    await using store = await home.open();
    const { journal, outbox, deadLetters } = store;
    await journal.admit([asking(1)], undefined);
    await outbox.keep(answerTo("m1", { kind: "failure" }), "failed");
    await outbox.refused(await pending(store), "403");
    await deadLetters.retry("m1");
    expect(await headOf(store)).toMatchObject({ id: "m1", generation: 1, reply: undefined });
    await journal.begin("m1", true);
    expect(await journal.load()).toMatchObject({ bytes: 11 });
  });

  contract("is gone when it is dropped, but known", async (home) => {
    await using store = await home.open();
    const { journal, outbox, deadLetters } = store;
    await journal.admit([asking(1), asking(2)], undefined);
    await outbox.keep(answerTo("m1"));
    await outbox.refused(await pending(store), "403");
    expect(await deadLetters.drop("m2")).toBe(false);
    expect(await deadLetters.drop("m1")).toBe(true);
    expect(await deadLetters.drop("m1")).toBe(false);
    expect(await deadLetters.list()).toEqual([]);
    expect(await journal.load()).toMatchObject({ waiting: 1, deadLetters: 0, bytes: 11 });
    expect(await journal.admit([asking(1)], undefined)).toEqual([{ kind: "known" }]);
  });
});

describe("the dead letters of another process's store", () => {
  test("are none where there is no database, and none is made", () => {
    using folder = tmpFolder();
    expect(openDeadLetters(folder.path, WORKSPACE)).toBeUndefined();
    expect(existsSync(join(folder.path, `${WORKSPACE}.db`))).toBe(false);
  });

  contract("are retried and dropped while it runs, and it notices", async (home) => {
    await using store = await home.open();
    await store.journal.admit([asking(1), asking(2), asking(3)], undefined);
    for (const id of ["m1", "m2"]) await store.journal.bury(id, "why");
    expect(await store.changed()).toBe(false);
    await home.command(async (letters) => {
      expect((await letters.list()).map(({ id }) => id)).toEqual(["m1", "m2"]);
      expect(await store.changed()).toBe(false);
      expect(await letters.retry("m1")).toBe(true);
      expect(await letters.drop("m2")).toBe(true);
    });
    await lookUntil(() => store.changed());
    expect(await store.journal.load()).toMatchObject({ waiting: 2, deadLetters: 0, bytes: 22 });
    expect(await headOf(store)).toMatchObject({ id: "m1", generation: 1 });
    await store.journal.begin("m1", true);
    // Word of what is known already may come late, once.
    await lookUntil(async () => !(await store.changed()));
  });

  contract("are retried and dropped while it works, and nothing is lost by that", async (home) => {
    const rows = Array.from({ length: 40 }, (_, n) => asking(n));
    const ids = rows.map(({ id }) => id);
    const late = rows.map((_, n) => asking(100 + n));
    {
      await using store = await home.open();
      const { journal } = store;
      await journal.admit(rows, undefined);
      for (const id of ids) await journal.bury(id, "why");
      await Promise.all([
        home.command(async (letters) => {
          for (const id of ids.slice(0, 20)) expect(await letters.retry(id)).toBe(true);
        }),
        home.command(async (letters) => {
          for (const id of ids.slice(20)) expect(await letters.drop(id)).toBe(true);
        }),
        (async () => {
          for (const row of late) await journal.admit([row], undefined);
        })(),
      ]);
      await lookUntil(async () => (await journal.load()).deadLetters === 0 || store.changed());
    }
    await using next = await home.open();
    expect(await next.journal.load()).toMatchObject({ waiting: 60, deadLetters: 0 });
    expect(await next.journal.known([...ids, ...late.map(({ id }) => id)])).toHaveProperty(
      "size",
      80,
    );
  });

  contract("survive it: what was retried is there when it starts again", async (home) => {
    {
      await using store = await home.open();
      await store.journal.admit([asking(1)], undefined);
      await store.journal.bury("m1", "why");
    }
    await home.command(async (letters) => expect(await letters.retry("m1")).toBe(true));
    await using next = await home.open();
    expect(await headOf(next)).toMatchObject({ id: "m1", generation: 1 });
    expect(await next.changed()).toBe(false);
  });
});
