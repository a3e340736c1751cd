import { Database } from "bun:sqlite";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { APPLICATION_ID, MIGRATIONS } from "../../../src/store/schema.ts";
import type { Attachment } from "../../../src/store/store.ts";
import { ManualClock } from "../../harness/clock.ts";
import { WORKSPACE } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { contract } from "./contract.ts";
import { answerTo, asking, at, headOf, openStore, pending } from "./support.ts";

const file = (name: string, uri?: string): Attachment => ({
  path: `/tmp/${name}`,
  name,
  mimeType: "text/plain",
  size: 3,
  ...(uri === undefined ? {} : { uri }),
});

/** An answer to the canvas with these files. */
const withFiles = (...attachments: Attachment[]) =>
  answerTo("m1", { lane: "", digest: "d", body: "see these", attachments });

describe("the files of an answer", () => {
  contract("are read back with it, also by the next process", async (home) => {
    const files = [file("a"), { ...file("b"), mimeType: undefined }];
    {
      await using store = await home.open();
      await store.journal.admit([asking(1, ""), asking(2, "")], undefined);
      const kept = await store.outbox.keep(withFiles(...files));
      expect(kept.attachments).toEqual(files);
      expect((await pending(store, "")).attachments).toEqual(files);
    }
    await using store = await home.open();
    const reply = await pending(store, "");
    expect(reply).toMatchObject({ attachments: [file("a"), { name: "b" }], maybePosted: true });
    await store.outbox.posted(reply, at(3));
    await store.outbox.keep(answerTo("m2", { lane: "" }));
    expect((await pending(store, "")).attachments).toBeUndefined();
  });

  contract(
    "are noted as they are uploaded, durably, and the text with them where it changes",
    async (home) => {
      {
        await using store = await home.open();
        await store.journal.admit([asking(1, "")], undefined);
        const kept = await store.outbox.keep(withFiles(file("a"), file("b")));
        const first = await store.outbox.attached(kept, [file("a", "u:a"), file("b")]);
        expect(first).toEqual({ ...kept, attachments: [file("a", "u:a"), file("b")] });
        const text = { body: "without b", digest: "e" };
        const second = await store.outbox.attached(first, [file("a", "u:a")], text);
        expect(second).toMatchObject({ attachments: [file("a", "u:a")], digest: "e" });
      }
      await using store = await home.open();
      const reply = await pending(store, "");
      expect(reply).toMatchObject({ attachments: [file("a", "u:a")], digest: "e" });
      expect(await store.outbox.body(reply)).toBe("without b");
      await store.outbox.posted(reply, at(2));
      expect(await store.outbox.notices("e", at(0))).toEqual({ posted: 1, echoes: 0 });
      expect(await store.journal.load()).toMatchObject({ waiting: 0, bytes: 0 });
      expect(await store.outbox.attached(reply, []).catch((e: Error) => e.message)).toContain(
        "not kept any more",
      );
    },
  );

  contract("stay with a dead letter, and are uploaded anew when it is retried", async (home) => {
    await using store = await home.open();
    await store.journal.admit([asking(1, "")], undefined);
    const kept = await store.outbox.keep(withFiles(file("a", "u:a"), file("b")));
    await store.outbox.refused(kept, "403");
    expect(await store.journal.kept(["m1", "m2"])).toEqual(new Set(["m1"]));
    await store.deadLetters.retry("m1");
    const reply = await pending(store, "");
    expect(reply).toMatchObject({ generation: 1, attachments: [file("a"), file("b")] });
  });
});

contract(
  "a message is kept in the journal until it is settled or its dead letter dropped",
  async (home) => {
    await using store = await home.open();
    const ids = ["m1", "m2", "m3", "m4"];
    await store.journal.admit([asking(1), asking(2), asking(3)], undefined);
    await store.journal.begin("m1", true);
    await store.journal.bury("m2", "why");
    await store.outbox.keep(answerTo("m3"));
    expect(await store.journal.kept(ids)).toEqual(new Set(["m1", "m2", "m3"]));
    await store.journal.settle("m1");
    await store.deadLetters.drop("m2");
    await store.outbox.posted(await pending(store), at(4));
    expect(await store.journal.kept(ids)).toEqual(new Set());
    expect(await store.journal.known(ids)).toEqual(new Set(["m1", "m2", "m3"]));
  },
);

test("a database of the first version is taken over with all that is in it", async () => {
  using folder = tmpFolder();
  const old = new Database(join(folder.path, `${WORKSPACE}.db`), { create: true, strict: true });
  old.run("PRAGMA auto_vacuum = INCREMENTAL");
  old.run("PRAGMA journal_mode = WAL");
  old.run(MIGRATIONS[0] ?? "");
  old.run(`PRAGMA user_version = 1`);
  old.run(`PRAGMA application_id = ${APPLICATION_ID}`);
  for (const [n, id, lane, state] of [
    [1, "m1", "", "answered"],
    [2, "m2", "peer", "waiting"],
  ] as const) {
    old.run("INSERT INTO seen VALUES (?, ?, ?, NULL, 0)", [n, id, at(n)]);
    old.run("INSERT INTO messages (n, id, at, lane, state) VALUES (?, ?, ?, ?, ?)", [
      n,
      id,
      at(n),
      lane,
      state,
    ]);
    old.run("INSERT INTO raws VALUES (?, 2, '{}')", [n]);
  }
  old.run(
    `INSERT INTO replies (activity_id, at, kind, generation, lane, digest, since_ms, session, bytes, body)
     VALUES ('m1', ?, 'answer', 0, '', 'd', 5, 0, 4, 'text')`,
    [at(1)],
  );
  old.run("INSERT INTO memory VALUES ('k', 'v')");
  old.close();

  // The migration counts by the system's clock.
  const clock = new ManualClock(Date.now());
  await using store = await openStore(folder.path, { clock });
  const reply = await pending(store, "");
  expect(reply).toMatchObject({ activityId: "m1", digest: "d", maybePosted: true });
  expect(reply.attachments).toBeUndefined();
  expect(await store.outbox.body(reply)).toBe("text");
  expect(await headOf(store, "peer")).toMatchObject({ id: "m2" });
  expect(await store.journal.load()).toMatchObject({ waiting: 2, bytes: 8 });
  await store.outbox.attached(reply, [file("a")]);
  await store.prune();
  expect(await store.memory.recall("k")).toBe("v");
  clock.suspend(31 * 24 * 3_600_000);
  await store.prune();
  expect(await store.memory.recall("k")).toBeUndefined();
});
