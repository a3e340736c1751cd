/** What is loaded at every start, whatever the command: its cost falls on `--version`, too. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";

const ROOT = resolve(import.meta.dir, "..", "..");
const transpiler = new Bun.Transpiler({ loader: "ts" });

/** What a module imports as it is loaded; an `import()` is no part of it. */
function importsOf(file: string): string[] {
  if (!file.endsWith(".ts")) return [];
  return transpiler
    .scanImports(readFileSync(file, "utf8"))
    .filter(({ kind }) => kind === "import-statement")
    .map(({ path }) => path);
}

/** All that is loaded with `entry`: our files, and who imports what else. */
function loadedWith(entry: string): { files: Set<string>; others: string[] } {
  const files = new Set([join(ROOT, entry)]);
  const others: string[] = [];
  for (const file of files) {
    for (const path of importsOf(file)) {
      if (path.startsWith(".")) files.add(join(dirname(file), path));
      else others.push(`${path} in ${file.slice(ROOT.length + 1)}`);
    }
  }
  return { files, others };
}

test("the start loads no package and no module of the runtime", () => {
  const { files, others } = loadedWith("src/main.ts");
  expect(others).toEqual([]);
  // It did look.
  expect(files).toContain(join(ROOT, "src", "commands", "index.ts"));
});

test("the start loads no command", () => {
  const { files } = loadedWith("src/main.ts");
  const below = join(ROOT, "src", "commands") + sep;
  const commands = [...files].filter((file) => file.startsWith(below));
  expect(commands.map((file) => file.slice(below.length)).sort()).toEqual([
    "cli.ts",
    join("config", "places.ts"),
    "globals.ts",
    "index.ts",
  ]);
});

test.each(["src/commands/connect/connect.ts", "src/commands/dev/index.ts"])(
  "%s loads the backends' declarations and none of their code",
  (entry) => {
    const { files, others } = loadedWith(entry);
    expect(others).toEqual([]);
    const names = ["acp", "claude", "exec", "http", "mock", "openai"];
    for (const name of names) {
      const folder = join(ROOT, "src", "backends", name);
      expect(files).toContain(join(folder, "declaration.ts"));
      expect(files).not.toContain(join(folder, "create.ts"));
    }
  },
);
