/** The commands in this process, on letters that no platform of a test would bring about. */
import { expect, test } from "bun:test";
import { runCli } from "../../../src/cli/run.ts";
import { GLOBALS } from "../../../src/commands/globals.ts";
import { ROOT } from "../../../src/commands/index.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { WORKSPACE } from "../../harness/scripted-platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { answerTo, asking, openStore } from "../store/support.ts";

async function deadLetter(folder: string, ...words: string[]) {
  const [verb = "", ...more] = words;
  const told = { out: "", err: "" };
  const code = await runCli({
    root: ROOT,
    globals: GLOBALS,
    version: "0",
    argv: ["dead-letter", verb, WORKSPACE, ...more, "--state-dir", folder],
    env: {},
    io: {
      secrets: new Secrets(),
      out: async (text) => void (told.out += text),
      err: (line) => void (told.err += `${line}\n`),
    },
  });
  return { code, ...told };
}

const json = async (folder: string, ...words: string[]) =>
  JSON.parse((await deadLetter(folder, ...words, "-o", "json")).out);

/** A folder with the letter `m1`. */
async function withLetter(raw: string, reason = "why") {
  const folder = tmpFolder();
  await using store = await openStore(folder.path);
  await store.journal.admit([asking(1, "peer", { raw })], undefined);
  await store.journal.bury("m1", reason);
  return folder;
}

test("an id that is the beginning of another one is found as it is", async () => {
  using folder = tmpFolder();
  {
    await using store = await openStore(folder.path);
    await store.journal.admit([asking(1), asking(12), asking(2)], undefined);
    for (const id of ["m1", "m12", "m2"]) await store.journal.bury(id, "why");
  }
  expect(await json(folder.path, "show", "m1")).toMatchObject({ id: "m1" });
  expect(await json(folder.path, "show", "m12")).toMatchObject({ id: "m12" });
  const ambiguous = await deadLetter(folder.path, "drop", "m");
  expect(ambiguous).toMatchObject({ code: 1, out: "" });
  expect(ambiguous.err).toContain('"m" is the beginning of 3 dead letters');
  expect((await deadLetter(folder.path, "drop", "")).code).not.toBe(0);
  expect(await json(folder.path, "list")).toHaveLength(3);
});

test("a notice to the canvas is shown, and retried as it is", async () => {
  using folder = tmpFolder();
  {
    await using store = await openStore(folder.path);
    await store.journal.admit([asking(1, "")], undefined);
    await store.outbox.keep(answerTo("m1", { lane: "", body: "the answer", digest: "d" }));
    const head = await store.journal.head("");
    if (head?.reply === undefined) throw new Error("no reply waits");
    await store.outbox.refused(head.reply, "talk_to_user_disabled");
  }
  expect(await json(folder.path, "show", "m1")).toMatchObject({
    from: "canvas",
    undelivered: "the answer",
    reason: "talk_to_user_disabled",
  });
  expect((await deadLetter(folder.path, "retry", "m1")).code).toBe(0);
  await using store = await openStore(folder.path);
  const head = await store.journal.head("");
  expect(head).toMatchObject({ id: "m1", generation: 1, reply: { generation: 1 } });
  if (head?.reply === undefined) throw new Error("no reply waits");
  expect(await store.outbox.body(head.reply)).toBe("the answer");
});

test.each([
  ["that is no JSON", "no JSON"],
  ["that is nested 60,000 levels deep", "[".repeat(60_000) + "]".repeat(60_000)],
  ["that is empty", "{}"],
])("a row %s is shown, and can be dropped", async (_, raw) => {
  using folder = await withLetter(raw);
  for (const format of ["table", "json", "yaml"]) {
    expect((await deadLetter(folder.path, "show", "m1", "-o", format)).code).toBe(0);
  }
  expect((await deadLetter(folder.path, "drop", "m1")).code).toBe(0);
});

test("a reason can't forge a line of the table", async () => {
  using folder = await withLetter("{}", "broken\nm2  peer  now\u001b[2K");
  const { out } = await deadLetter(folder.path, "list");
  expect(out.trimEnd().split("\n")).toHaveLength(2);
  expect(out).not.toContain("\u001b");
});

test("a workspace id that could climb out of the folder is refused before anything is opened", async () => {
  using folder = tmpFolder();
  const io = { secrets: new Secrets(), out: async () => {}, err: () => {} };
  const argv = ["dead-letter", "list", "../x", "--state-dir", folder.path];
  const cli = { root: ROOT, globals: GLOBALS, version: "0", argv, env: {}, io };
  expect(await runCli(cli)).toBe(2);
});
