/** The file that completion reads: what is in it, and that nothing depends on it. */
import { beforeEach, afterEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import {
  forgetWorkspaces,
  MAX_KNOWN,
  rememberWorkspaces,
  replaceKnown,
} from "../../../src/commands/which/known-workspaces.ts";
import { type Clock, systemClock } from "../../../src/shared/clock.ts";
import { WORKSPACES } from "../../../src/commands/which/workspace-offer.ts";
import { onlyWhere, WINDOWS } from "../../harness/platform.ts";
import { tmpFolder } from "../../harness/tmp.ts";

let folder: ReturnType<typeof tmpFolder>;
let home: Home;
let path: string;

beforeEach(() => {
  folder = tmpFolder();
  home = at(folder.path);
  path = join(folder.path, ".config", "molecule", "workspaces.tsv");
  mkdirSync(dirname(path), { recursive: true });
});
afterEach(() => folder[Symbol.dispose]());

type Home = [env: Record<string, string>, clock: Clock];

/** With a wait that has no end, so that a slow disk fails nothing here. */
const at = (path: string): Home => [
  { [WINDOWS ? "USERPROFILE" : "HOME"]: path },
  { ...systemClock, sleep: () => new Promise(() => {}) },
];

const A = "0f8fad5b-d9cb-469f-a165-70867728950e";
const B = "1f8fad5b-d9cb-469f-a165-70867728950e";

const put = (text: string | Uint8Array) => writeFileSync(path, text);
const lines = () => readFileSync(path, "utf8").split("\n").slice(0, -1);
const names = () => readdirSync(dirname(path));

test("the file is the one that the scripts read", async () => {
  await rememberWorkspaces([{ id: A, name: "alpha" }], ...home);
  expect(WORKSPACES).toEqual({ listed: ".config/molecule/workspaces.tsv" });
  expect(readFileSync(join(folder.path, ".config/molecule/workspaces.tsv"), "utf8")).toBe(
    `${A}\talpha\n`,
  );
});

onlyWhere(!WINDOWS, "there are no modes").test(
  "file and folder are for their owner alone, and nothing else is left there",
  async () => {
    rmSync(join(folder.path, ".config"), { recursive: true });
    await replaceKnown([{ id: A }], ...home);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect(names()).toEqual(["workspaces.tsv"]);
  },
);

describe("remembering", () => {
  test("puts what was used last to the front, once", async () => {
    await rememberWorkspaces([{ id: "a" }, { id: "b" }], ...home);
    await rememberWorkspaces([{ id: "c" }, { id: "b" }, { id: "c" }], ...home);
    expect(lines()).toEqual(["c\t", "b\t", "a\t"]);
  });

  test("keeps a name until another is told", async () => {
    await rememberWorkspaces([{ id: "a", name: "one" }], ...home);
    await rememberWorkspaces([{ id: "a" }], ...home);
    expect(lines()).toEqual(["a\tone"]);
    await rememberWorkspaces([{ id: "a", name: "two" }], ...home);
    expect(lines()).toEqual(["a\ttwo"]);
  });

  test("keeps to so many, without those that were not used for longest", async () => {
    const rows = Array.from({ length: MAX_KNOWN + 20 }, (_, i) => ({ id: `w${i}` }));
    await rememberWorkspaces(rows, ...home);
    await rememberWorkspaces([{ id: "new" }], ...home);
    expect(lines()).toHaveLength(MAX_KNOWN);
    expect(lines().slice(0, 2)).toEqual(["new\t", "w0\t"]);
    expect(lines().at(-1)).toBe(`w${MAX_KNOWN - 2}\t`);
  });

  test("takes the case of a UUID for nothing, and of any other id for what it is", async () => {
    await rememberWorkspaces(
      [{ id: A.toUpperCase() }, { id: A }, { id: "X" }, { id: "x" }],
      ...home,
    );
    expect(lines()).toEqual([`${A}\t`, "X\t", "x\t"]);
  });

  test("takes nothing that is no id, or would be read as a flag", async () => {
    const ids = [
      "",
      ".",
      "../x",
      "a b",
      "a\tb",
      "a\nb",
      "$(id)",
      "-rf",
      "--all",
      "é",
      "x".repeat(129),
    ];
    await rememberWorkspaces([...ids.map((id) => ({ id })), { id: A }], ...home);
    expect(lines()).toEqual([`${A}\t`]);
  });

  test("writes any name as one short line that can be shown", async () => {
    const name = fc.string({ unit: "binary", maxLength: 100 });
    await fc.assert(
      fc.asyncProperty(fc.array(name, { minLength: 1, maxLength: 5 }), async (all) => {
        using own = tmpFolder();
        await replaceKnown(
          all.map((one, i) => ({ id: `w${i}`, name: one })),
          ...at(own.path),
        );
        const text = readFileSync(join(own.path, ".config", "molecule", "workspaces.tsv"), "utf8");
        expect(text.split("\n")).toHaveLength(all.length + 1);
        for (const [i, line] of text.split("\n").slice(0, -1).entries()) {
          expect(line).toMatch(new RegExp(`^w${i}\\t[^\\p{Cc}\\u2028\\u2029\\u202e]{0,60}$`, "v"));
        }
      }),
      { numRuns: 50 },
    );
  });
});

test("a whole list leaves what is used first, names it anew, and drops what is no more", async () => {
  await rememberWorkspaces([{ id: "a", name: "one" }, { id: "b" }, { id: "gone" }], ...home);
  await replaceKnown([{ id: "c" }, { id: "b", name: "two" }, { id: "a" }, { id: "d" }], ...home);
  expect(lines()).toEqual(["a\tone", "b\ttwo", "c\t", "d\t"]);
});

test("where none is left there is no file", async () => {
  await rememberWorkspaces([{ id: "a" }, { id: "b" }], ...home);
  await forgetWorkspaces(["b", "a"], ...home);
  expect(names()).toEqual([]);
  await replaceKnown([], ...home);
  expect(names()).toEqual([]);
});

test("only a list makes the folder", async () => {
  const fresh = join(folder.path, "fresh");
  mkdirSync(fresh);
  await rememberWorkspaces([{ id: A }], ...at(fresh));
  await forgetWorkspaces([A], ...at(fresh));
  await replaceKnown([], ...at(fresh));
  expect(readdirSync(fresh)).toEqual([]);
  await replaceKnown([{ id: A }], ...at(fresh));
  expect(readdirSync(join(fresh, ".config", "molecule"))).toEqual(["workspaces.tsv"]);
});

test("what is forgotten is out, in any case of its UUID", async () => {
  await rememberWorkspaces([{ id: A }, { id: B }], ...home);
  await forgetWorkspaces([A.toUpperCase()], ...home);
  expect(lines()).toEqual([`${B}\t`]);
});

test("changes of one process follow each other, and none is lost", async () => {
  const ids = Array.from({ length: 20 }, (_, i) => `w${i}`);
  await Promise.all(ids.map((id) => rememberWorkspaces([{ id }], ...home)));
  expect(lines()).toEqual(ids.toReversed().map((id) => `${id}\t`));
});

test("processes at once leave a whole file, and nothing else", async () => {
  const module = join(import.meta.dir, "../../../src/commands/which/known-workspaces.ts");
  const program = (name: string) => `import { rememberWorkspaces } from ${JSON.stringify(module)};
for (let i = 0; i < 30; i++) {
  await rememberWorkspaces([{ id: "${name}" + i, name: "n".repeat(50) }], ${JSON.stringify(home[0])});
}`;
  const all = ["a", "b", "c"].map((name) =>
    Bun.spawn([process.execPath, "-e", program(name)], { stdout: "ignore", stderr: "inherit" }),
  );
  expect(await Promise.all(all.map(({ exited }) => exited))).toEqual([0, 0, 0]);
  await rememberWorkspaces([{ id: "last" }], ...home);
  expect(lines()[0]).toBe("last\t");
  for (const line of lines().slice(1)) expect(line).toMatch(/^[abc]\d+\tn{50}$/);
  expect(names()).toEqual(["workspaces.tsv"]);
}, 60_000);

describe("a file that stands there", () => {
  test("is read for what it is worth", async () => {
    put(`${A}\tone\ttwo\nno id\tx\n\n../up\tx\nplain\n${A}\tagain\nx\tesc\u001b[31m\n`);
    await rememberWorkspaces([{ id: "new" }], ...home);
    expect(lines()).toEqual(["new\t", `${A}\tone`, "plain\t", "x\tesc\\u001b[31m"]);
  });

  test("may be no text at all", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        put(bytes);
        await rememberWorkspaces([{ id: "new" }], ...home);
        expect(lines()[0]).toBe("new\t");
      }),
      { numRuns: 30 },
    );
  });

  test("is not written again where nothing has changed", async () => {
    await rememberWorkspaces([{ id: A, name: "alpha" }], ...home);
    const before = statSync(path).ino;
    await rememberWorkspaces([{ id: A }], ...home);
    await replaceKnown([{ id: A, name: "alpha" }], ...home);
    await forgetWorkspaces([B], ...home);
    expect(statSync(path).ino).toBe(before);
  });

  test("stays as it is where it is too large to be ours", async () => {
    const text = "x".repeat(2 * 1024 * 1024);
    put(text);
    await rememberWorkspaces([{ id: A }], ...home);
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  test("stays as it is where it is a link, a folder, or a link to nothing", async () => {
    const target = join(folder.path, "target");
    symlinkSync(target, path);
    await rememberWorkspaces([{ id: A }], ...home);
    expect(existsSync(target)).toBe(false);
    writeFileSync(target, "b\tkept\n");
    await rememberWorkspaces([{ id: A }], ...home);
    expect(readFileSync(target, "utf8")).toBe("b\tkept\n");
    expect(lstatSync(path).isSymbolicLink()).toBe(true);

    mkdirSync(join(folder.path, "other", ".config", "molecule", "workspaces.tsv"), {
      recursive: true,
    });
    await rememberWorkspaces([{ id: A }], ...at(join(folder.path, "other")));
    expect(readdirSync(join(folder.path, "other", ".config", "molecule"))).toEqual([
      "workspaces.tsv",
    ]);
  });

  const isRoot = process.getuid?.() === 0;

  onlyWhere(isRoot, "only root can give a file away").test(
    "stays as it is where it is someone else's",
    async () => {
      put("b\tkept\n");
      chownSync(path, 4321, 4321);
      await rememberWorkspaces([{ id: A }], ...home);
      expect(readFileSync(path, "utf8")).toBe("b\tkept\n");
    },
  );

  onlyWhere(isRoot, "only root can give a folder away").test(
    "is not made in someone else's home",
    async () => {
      rmSync(join(folder.path, ".config"), { recursive: true });
      chownSync(folder.path, 4321, 4321);
      await replaceKnown([{ id: A }], ...home);
      expect(readdirSync(folder.path)).toEqual([]);
    },
  );

  onlyWhere(!isRoot && !WINDOWS, "root and Windows heed no modes").test(
    "may lie where nothing can be written",
    async () => {
      put("b\tkept\n");
      chmodSync(dirname(path), 0o500);
      await rememberWorkspaces([{ id: A }], ...home);
      chmodSync(dirname(path), 0o700);
      expect(readFileSync(path, "utf8")).toBe("b\tkept\n");
    },
  );
});

test("a command waits no longer than a moment for the file", async () => {
  const asked: number[] = [];
  const clock = { ...systemClock, sleep: async (ms: number) => void asked.push(ms) };
  await rememberWorkspaces([{ id: A }], home[0], clock);
  expect(asked).toEqual([250]);
  // It goes on, and the next change follows it.
  await rememberWorkspaces([{ id: B }], ...home);
  expect(lines()).toEqual([`${B}\t`, `${A}\t`]);
});

test("nothing happens without a home, or where it is a file", async () => {
  rmSync(join(folder.path, ".config"), { recursive: true });
  writeFileSync(join(folder.path, "file"), "");
  for (const none of [
    "",
    ".",
    "relative",
    join(folder.path, "file"),
    join(folder.path, "file", "x"),
  ]) {
    await replaceKnown([{ id: A }], ...at(none));
  }
  expect(existsSync(".config")).toBe(false);
  expect(existsSync("relative")).toBe(false);
  expect(readdirSync(folder.path)).toEqual(["file"]);
});

onlyWhere(Bun.which("mkfifo") !== null, "there are no pipes with names").test(
  "a pipe in its place keeps nobody waiting",
  async () => {
    Bun.spawnSync(["mkfifo", path]);
    await rememberWorkspaces([{ id: A }], ...home);
    expect(lstatSync(path).isFIFO()).toBe(true);
  },
);
