/** The programs in the README: each is taken out of it, and does what it says. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { BackendRequest, Outcome } from "../../src/backends/backend.ts";
import { createExec } from "../../src/backends/exec/create.ts";
import { exec } from "../../src/backends/exec/declaration.ts";
import { parseOptions } from "../../src/backends/options.ts";
import { childEnv, RUN_ID } from "../../src/backends/process/child-env.ts";
import { never, request, TestParts } from "../unit/backends/support.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { onPosix } from "../harness/platform.ts";

const inShell = onPosix("it is started by its first line").test;

setDefaultTimeout(60_000);

interface Example {
  /** What its first line calls it. */
  name: string;
  source: string;
  /** The `--backend-opt` of the paragraph above it. */
  options: string[];
}

/** Where they stand; a draft can be tried before it stands there. */
const README = process.env.EXAMPLES_README ?? resolve(import.meta.dir, "..", "..", "README.md");

/** The blocks of code whose first line is a comment with the name of a file. */
function examples(): Example[] {
  const text = readFileSync(README, "utf8");
  const blocks = text.matchAll(/^```\w+\n((?:#|\/\/) (answer\.\w+)\n[^]*?)^```$/gm);
  return [...blocks].map(({ 1: source = "", 2: name = "", index }) => {
    const above = text.slice(text.lastIndexOf("--backend exec", index), index);
    const options = above.matchAll(/--backend-opt (\w+)=(?:'([^']+)'|([^\s`]+))/g);
    return {
      name,
      source,
      options: [...options].map(([, key, quoted, plain]) => `${key}=${quoted ?? plain}`),
    };
  });
}

/** The example in a folder of its own, as the README runs it. */
function install(name: string) {
  const folder = tmpFolder();
  const found = examples().filter((example) => example.name === name);
  if (found.length !== 1) throw new Error(`${README} has ${found.length} examples called ${name}`);
  const { source, options } = found[0] as Example;
  writeFileSync(join(folder.path, name), source);
  const given = parseOptions(exec, [...options, `cwd=${folder.path}`]);
  const parts = new TestParts();
  const backend = createExec(given, parts);
  const ask = async (text: string, over: Partial<BackendRequest> = {}): Promise<Outcome> => {
    await backend.check();
    const message = request({ text, parts: [{ kind: "text", text }], ...over });
    return backend.run(message, never);
  };
  return { folder: folder.path, source, ask, [Symbol.dispose]: folder[Symbol.dispose] };
}

test("the README has the examples that are tried here, and no others", () => {
  expect(
    examples()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(["answer.py", "answer.sh", "answer.ts"]);
});

test("each fits on a screen", () => {
  for (const { source } of examples()) expect(source.split("\n").length).toBeLessThan(21);
});

test("the variables that a program gets are those that the README names", () => {
  const about = /^`MOLECULE_WORKSPACE_ID`[^]*?`pass_meta`/m.exec(readFileSync(README, "utf8"))?.[0];
  const told = [...(about ?? "").matchAll(/`(MOLECULE_\w+)`/g)].map(([, name]) => name);
  const given = Object.keys(childEnv(new TestParts({}), request()));
  const ours = given.filter((name) => name.startsWith("MOLECULE_") && name !== RUN_ID);
  expect(told.sort()).toEqual(ours.sort());
});

inShell("answer.sh looks a word up, and asks for patience where it can't", async () => {
  using example = install("answer.sh");
  expect(await example.ask("lane")).toMatchObject({
    kind: "again",
    reason: expect.stringMatching(/status 75: .*glossary\.txt/),
  });
  writeFileSync(join(example.folder, "glossary.txt"), "Lane: the queue of a peer\nrow: a line\n");
  expect(await example.ask("lane")).toEqual({ kind: "answer", text: "Lane: the queue of a peer" });
  const hostile = "$(touch pwned) -e .*";
  expect(await example.ask(hostile)).toEqual({
    kind: "answer",
    text: `There is no "${hostile}" in the glossary.`,
  });
  expect(existsSync(join(example.folder, "pwned"))).toBe(false);
});

inShell("answer.py adds up, and leaves a drawing where it may", async () => {
  using example = install("answer.py");
  using answers = tmpFolder();
  expect(await example.ask("1 and 2.5")).toEqual({
    kind: "answer",
    text: "2 numbers, together 3.5",
  });
  const drawn = await example.ask("10, 20, 30", {
    sender: "canvas",
    peerId: undefined,
    answerFolder: answers.path,
  });
  if (drawn.kind !== "answer") throw new Error(drawn.kind);
  const [file, ...others] = drawn.files ?? [];
  expect([drawn.text, others]).toEqual(["3 numbers, together 60", []]);
  expect(file?.mimeType).toBe("image/svg+xml");
  expect(readFileSync(file?.path ?? "", "utf8").match(/<rect /g)).toHaveLength(3);
  expect(await example.ask("none at all")).toMatchObject({ kind: "declined" });
  expect(await example.ask("7", { isReply: true })).toMatchObject({ kind: "declined" });
});

test("answer.ts keeps a list for each conversation, and adds nothing twice", async () => {
  using example = install("answer.ts");
  const ask = (text: string, activityId: string, peerId = "peer-1") =>
    example.ask(text, { activityId, peerId });
  expect(await ask("list", "1")).toEqual({ kind: "answer", text: "The list is empty." });
  expect(await ask("add milk", "2")).toEqual({ kind: "answer", text: "milk" });
  expect(await ask("add eggs", "3")).toEqual({ kind: "answer", text: "milk, eggs" });
  expect(await ask("add eggs", "3")).toEqual({ kind: "answer", text: "milk, eggs" });
  expect(await ask("list", "4", "peer-2")).toEqual({ kind: "answer", text: "The list is empty." });
});
