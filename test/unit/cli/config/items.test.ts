/** Lists of config files: each item is judged as a file is, and none of it gets lost. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { command, type Context, group } from "../../../../src/cli/command.ts";
import { setKey, unsetKey } from "../../../../src/cli/config/edit.ts";
import { itemView } from "../../../../src/cli/config/item-context.ts";
import { readYaml } from "../../../../src/cli/config/yaml.ts";
import { flag } from "../../../../src/cli/flag.ts";
import { list } from "../../../../src/cli/list.ts";
import { ConfigLab, GUARDED, type Program, type Ran, SAMPLE } from "../config-lab.ts";

const own = {
  ...GUARDED,
  count: flag({ type: "integer", summary: "tries", default: 5, min: 1, config: "free" }),
  tokenFile: flag({ type: "string", summary: "file", complete: "file", config: "guarded" }),
};

const rooms = list({
  summary: "places",
  key: "id",
  flags: {
    id: flag({
      type: "string",
      summary: "which one",
      check: (text) => (/^[a-z]+$/i.test(text) ? undefined : "must be letters"),
      config: "guarded",
    }),
    tokenEnv: flag({
      type: "string",
      summary: "variable",
      check: (text) => (/^[A-Z_]+$/.test(text) ? undefined : "must be the name of a variable"),
      namesSecret: true,
      config: "guarded",
    }),
    ...own,
  },
  config: "guarded",
});

let seen: Context | undefined;

const PROGRAM: Program = {
  ...SAMPLE,
  root: group({
    name: "molecule",
    summary: "a program",
    commands: [
      command({
        name: "work",
        summary: "needs all",
        flags: {
          ...own,
          token: flag({ type: "string", summary: "secret", env: "MOLECULE_TOKEN", secret: true }),
          label: flag({ type: "string", summary: "name", config: "free" }),
        },
        lists: { rooms },
        run: (_, context) => void (seen = context),
      }),
      command({ name: "other", summary: "has no list", run: () => {} }),
    ],
  }),
};

/** Runs the words with this as the operator's file. */
async function withFile(
  text: string,
  argv = "work",
  env: Record<string, string> = {},
): Promise<Pick<Ran, "code" | "err" | "secrets"> & { home: string }> {
  using lab = new ConfigLab(PROGRAM);
  lab.write(lab.user, text);
  seen = undefined;
  const { code, err, secrets } = await lab.run(argv, env);
  return { code, err, secrets, home: lab.home };
}

/** What each item makes of the command's flags. */
function views(): Record<string, unknown>[] {
  const all = seen?.list("rooms");
  if (seen === undefined || all === undefined) throw new Error("there is no list");
  const context = seen;
  return all.items.map((item) => {
    const view = itemView(context, all, item, own);
    const get = (name: keyof typeof own) => view.context.get<unknown>(own[name]);
    return Object.fromEntries(
      Object.keys(own).map((name) => [name, get(name as keyof typeof own)]),
    );
  });
}

describe("an item", () => {
  test("has its own values, and where it has none those that hold for all", async () => {
    const { home } = await withFile(
      "count: 7\nrooms:\n  - id: a\n    count: 2\n    token_file: ./a.token\n  - id: b\n",
    );
    expect(views()).toEqual([
      { backend: "mock", backendOpt: [], count: 2, tokenFile: `${home}/.config/a.token` },
      { backend: "mock", backendOpt: [], count: 7, tokenFile: undefined },
    ]);
    expect(seen?.list("rooms")?.items.map(({ origin }) => origin)).toEqual([
      "~/.config/molecule.yaml:3",
      "~/.config/molecule.yaml:6",
    ]);
  });

  test("stands behind a flag, and before a variable and the rest of the file", async () => {
    const file = "count: 7\nrooms:\n  - id: a\n    count: 2\n  - id: b\n";
    await withFile(file, "work", { MOL_COUNT: "4" });
    expect(views().map(({ count }) => count)).toEqual([2, 4]);
    await withFile(file, "work --count 9", { MOL_COUNT: "4" });
    expect(views().map(({ count }) => count)).toEqual([9, 9]);
  });

  test("keeps its options only with the backend that they are of", async () => {
    const file =
      "backend: one\nbackend_opt: {k: top}\nrooms:\n" +
      "  - id: a\n" + //                                              all as at the top
      "  - id: b\n    backend: two\n" + //                            not those of the top
      "  - id: c\n    backend: two\n    backend_opt: {k: two}\n" +
      "  - id: d\n    backend_opt: {k: mine}\n" + //                  with the backend of the top
      "  - id: e\n    backend: one\n";
    await withFile(file);
    const opts = () => views().map(({ backend, backendOpt }) => [backend, ...(backendOpt as [])]);
    expect(opts()).toEqual([
      ["one", "k=top"],
      ["two"],
      ["two", "k=two"],
      ["one", "k=mine"],
      ["one", "k=top"],
    ]);
    await withFile(file, "work --backend two");
    expect(opts()).toEqual([["two"], ["two"], ["two", "k=two"], ["two"], ["two"]]);
    await withFile(file, "work --backend three --backend-opt k=typed");
    expect(new Set(opts().map(String))).toEqual(new Set(["three,k=typed"]));
  });

  test("makes what its variable holds a secret, and not before its file counts", async () => {
    const text = "rooms:\n  - id: a\n    token_env: MINE\n";
    const { secrets } = await withFile(text, "work", { MINE: "tok-canary-1" });
    expect(secrets.mask("it is tok-canary-1")).toBe("it is [secret]");
    using lab = new ConfigLab(PROGRAM);
    lab.write(lab.project, text);
    const ran = await lab.run("work", { MINE: "tok-canary-1" });
    expect(ran.secrets.mask("tok-canary-1")).toBe("tok-canary-1");
  });
});

test("a project's list counts once its file is trusted, and is refused only to who asks for it", async () => {
  using lab = new ConfigLab(PROGRAM);
  const text = "rooms:\n  - id: a\n  - id: b\n";
  lab.write(lab.project, text);
  expect((await lab.run("work")).code).toBe(0);
  const refused = seen?.list("rooms")?.refusal;
  expect(refused?.message).toBe(
    "./molecule.yaml:1 sets rooms to a list of 2, and that file is not trusted",
  );
  expect(refused?.hint).toBe("Look at the file; 'molecule config trust' makes it count.");
  lab.writeTrusted(text);
  await lab.run("work");
  expect(seen?.list("rooms")).toMatchObject({ refusal: undefined, kind: "project" });
});

test("the list of the file that counts most stands for all", async () => {
  using lab = new ConfigLab(PROGRAM);
  lab.write(lab.user, "rooms:\n  - id: user\n");
  lab.writeTrusted("rooms:\n  - id: project\n");
  await lab.run("work");
  expect(seen?.list("rooms")?.items.map(({ values }) => values.get("id")?.texts)).toEqual([
    ["project"],
  ]);
});

test("a command that has no list finds none, and is in nobody's way", async () => {
  expect((await withFile("rooms:\n  - id: a\n", "other")).code).toBe(0);
});

describe("what is wrong is told with its line", () => {
  test.each([
    ["a key that is none", "bakend: x", '3: there is no key "bakend"', 'Did you mean "backend"?'],
    ["a wrong value", "count: 0", '3: count must be at least 1, not "0"', ""],
    [
      "a key of the whole file",
      "label: x",
      `3: "label" can't be set for one item of rooms`,
      "outside",
    ],
    ["a token", "token: abcdefgh", '3: "token" is not read', "token_file names a file"],
    ["a list within", "count: [[1]]", "3: count holds a list or mapping within another", ""],
    ["mappings within", "count:\n      - a: 1", "3: count holds a list or mapping", ""],
    ["a key twice", "count: 1\n    count: 2", '4: "count" is set a second time, after line 3', ""],
    [
      "the same one again",
      "count: 1\n  - id: A",
      '4: rooms has "a" a second time, after line 2',
      "",
    ],
    ["one without an id", "count: 1\n  - count: 2", '4: an item of rooms has no "id"', ""],
    ["a bad id", "count: 1\n  - id: 5", '4: id must be letters, not "5"', ""],
    [
      "something else in between",
      "count: 1\n  - b",
      "1: rooms holds both mappings and other things",
      "- id: …",
    ],
  ])("%s", async (_, line, message, hint) => {
    const { code, err } = await withFile(`rooms:\n  - id: a\n    ${line}\n`);
    expect(code).toBe(2);
    expect(err).toStartWith(`error: ~/.config/molecule.yaml:${message}`);
    expect(err).toContain(hint);
    expect(err).not.toContain("abcdefgh");
  });

  test.each([
    ["a text", "rooms: x", "must be a list of mappings"],
    ["a mapping", "rooms: {id: a}", "must be a list of mappings"],
    ["a list of texts", "rooms: [a, b]", "must be a list of mappings"],
    ["nothing", "rooms:", "has no value"],
  ])("%s in the place of a list", async (_, text, message) => {
    expect((await withFile(text)).err).toStartWith(
      `error: ~/.config/molecule.yaml:1: rooms ${message}`,
    );
  });

  test("what should be the name of a variable may be the token itself, and is not shown", async () => {
    const { err } = await withFile("rooms:\n  - id: a\n    token_env: tok-canary-1\n");
    expect(err).toContain(":3: token_env must be the name of a variable\n");
    expect(err).not.toContain("canary");
  });

  test("an empty list is one", async () => {
    expect((await withFile("rooms: []\n")).code).toBe(0);
    expect(seen?.list("rooms")?.items).toEqual([]);
  });

  test("a text where a list of mappings was never meant is judged as before", async () => {
    const { err } = await withFile("backend_opt:\n  - a: 1\n");
    expect(err).toContain("backend_opt holds a list or mapping within another");
  });
});

describe("an edit leaves the list as it is", () => {
  const LIST =
    "# ours\nrooms: # two\n  - id: a # first\n    backend_opt: {k: v}\n\n  # second\n  - id: b\n    count: 03\n";

  test("a key that is set or removed above it", () => {
    const { count } = own;
    const text = `count: 1\n${LIST}`;
    expect(setKey(text, "count", count, ["2"])).toBe(`count: 2\n${LIST}`);
    expect(unsetKey(text, "count")).toBe(LIST);
    expect(setKey(LIST, "count", count, ["2"])).toBe(`${LIST}count: 2\n`);
  });

  test("a list that is removed is gone, and nothing else", () => {
    expect(unsetKey(`count: 1\n${LIST}label: x\n`, "rooms")).toBe("count: 1\n# ours\nlabel: x\n");
  });

  test("any list, at any place", () => {
    const word = fc.constantFrom("a", "b: c", "# d", "'", '"', "07", "- x", "é", "{", "yes");
    const item = fc.record({ id: word, count: word, more: fc.array(word, { maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 4 }), word, (items, label) => {
        const text = `rooms:\n${items
          .map(
            ({ id, count, more }) =>
              `  - id: ${JSON.stringify(id)}\n    count: ${JSON.stringify(count)} # note\n    backend_opt: ${JSON.stringify(more)}\n`,
          )
          .join("")}`;
        const { count } = own;
        const edited = setKey(`label: ${JSON.stringify(label)}\n${text}`, "count", count, ["2"]);
        expect(edited).toContain(text);
        expect(unsetKey(edited, "label")).toBe(`${text}count: 2\n`);
      }),
      { numRuns: 50 },
    );
  });
});

test("no text makes the reader throw, however it is nested", () => {
  const piece = fc.constantFrom(
    "- ",
    "  ",
    "\n",
    "id: a",
    "[",
    "]",
    "{",
    "}",
    ": ",
    "&x ",
    "*x",
    "? ",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      readYaml(`rooms:\n${pieces.join("")}`);
    }),
    { numRuns: 300 },
  );
  expect(() => readYaml(`rooms: ${"[{a: ".repeat(20_000)}`)).not.toThrow();
});

test("a list has a key among its flags, and no secret", () => {
  const { count } = own;
  expect(() => list({ summary: "x", key: "id", flags: { count }, config: "free" })).toThrow(
    'no "id"',
  );
  const token = flag({ type: "string", summary: "x", secret: true });
  expect(() => list({ summary: "x", key: "token", flags: { token }, config: "free" })).toThrow(
    "can't stand in a config file",
  );
});
