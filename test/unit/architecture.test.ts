/** The house: which way imports point, and what may stand where. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const SRC = resolve(import.meta.dir, "..", "..", "src");

/** What each folder may import beside itself. `types` are gone at run time. */
const ARROWS: Record<string, { code: string[]; types: string[] }> = {
  shared: { code: [], types: [] },
  contract: { code: [], types: [] },
  a2a: { code: ["shared"], types: ["contract"] },
  platform: { code: ["shared"], types: ["contract"] },
  store: { code: ["shared"], types: ["a2a"] },
  backends: { code: ["shared", "a2a"], types: [] },
  bridge: {
    code: ["shared", "a2a", "platform/platform.ts"],
    types: ["contract", "store/store.ts", "backends/backend.ts"],
  },
  // The bridge's other mode: made of its parts, and unknown to it.
  push: {
    code: ["shared", "a2a", "bridge", "platform/platform.ts"],
    types: ["contract", "store/store.ts", "backends/backend.ts"],
  },
  // What bridges and those who run them tell, folded into what is shown of them.
  observe: {
    code: ["shared"],
    types: ["bridge/events.ts", "backends/backend.ts", "fleet/lifecycle.ts"],
  },
  // Runs bridges: which ones, others know.
  fleet: { code: ["shared", "bridge"], types: [] },
  // Shares nothing with the client but the contract's types, so that one checks the other.
  dev: { code: ["shared"], types: ["contract"] },
  // Stands before the platform, which knows nothing of it.
  page: { code: ["shared", "dev", "a2a"], types: ["contract"] },
  cli: { code: ["shared"], types: [] },
  // Texts of service files, and word to the service manager.
  service: { code: ["shared"], types: [] },
  commands: {
    code: [
      "shared",
      "contract",
      "a2a",
      "platform",
      "store",
      "backends",
      "bridge",
      "push",
      "fleet",
      "observe",
      "service",
      "dev",
      "page",
      "cli",
      "project.ts",
    ],
    types: [],
  },
};

/** The one home of each package. */
const HOMES: Record<string, string[]> = {
  citty: ["cli"],
  "consola/core": ["cli/log.ts"],
  ofetch: ["platform/http.ts"],
  destr: ["shared/json.ts"],
  yaml: ["cli/config"],
  "bun:sqlite": ["dev", "store"],
  "bun:ffi": ["service/notify-socket.ts"],
  bun: ["store/postgres/client.ts"],
};

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => name.replaceAll("\\", "/"))
  .sort();

const textOf = (file: string) => readFileSync(join(SRC, file), "utf8");
const codeOf = (file: string) =>
  textOf(file)
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "");

const transpiler = new Bun.Transpiler({ loader: "ts" });

/** Imports that are there at run time. */
const codeImports = (file: string) => transpiler.scanImports(textOf(file)).map((i) => i.path);
/** All imports, types too. */
const allImports = (file: string) =>
  [...codeOf(file).matchAll(IMPORT)].map((m) => m[1] ?? m[2] ?? "");

/** A statement, or an `import()`; not the word "from" before a text. */
const IMPORT = /^\s*(?:import|export)\b(?:[^"'`;]*?\bfrom)?\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;

const target = (file: string, path: string) =>
  relative(SRC, resolve(SRC, dirname(file), path)).replaceAll("\\", "/");
const within = (file: string, places: string[]) =>
  places.some((place) => file === place || file.startsWith(`${place}/`));
const folderOf = (file: string) => file.split("/")[0] ?? "";

describe("imports point one way", () => {
  test.each(files.filter((file) => file.includes("/")))("%s", (file) => {
    const folder = folderOf(file);
    const allowed = ARROWS[folder];
    if (allowed === undefined) throw new Error(`${folder} has no rule: add it to ARROWS`);
    const own = (path: string) => path.startsWith(".");
    const inner = (paths: string[]) =>
      paths
        .filter(own)
        .map((path) => target(file, path))
        .filter((to) => folderOf(to) !== folder);
    const wrongCode = inner(codeImports(file)).filter((to) => !within(to, allowed.code));
    const wrongTypes = inner(allImports(file)).filter(
      (to) => !within(to, [...allowed.code, ...allowed.types]),
    );
    expect({ wrongCode, wrongTypes }).toEqual({ wrongCode: [], wrongTypes: [] });
  });
});

test("what runs in the browser shares nothing with the server but the types of what they say", () => {
  const browser = files.filter((file) => file.startsWith("page/browser/"));
  expect(browser).not.toEqual([]);
  for (const file of browser) {
    const abroad = (paths: string[]) =>
      paths.map((path) => target(file, path)).filter((to) => !to.startsWith("page/browser/"));
    expect([file, abroad(codeImports(file))]).toEqual([file, []]);
    expect([file, abroad(allImports(file)).filter((to) => to !== "page/wire.ts")]).toEqual([
      file,
      [],
    ]);
  }
});

test("each package is used in its one home only, and no other is used", () => {
  for (const file of files) {
    for (const path of allImports(file)) {
      if (path.startsWith(".") || path.startsWith("node:")) continue;
      expect(`${path} in ${file}: ${within(file, HOMES[path] ?? [])}`).toBe(
        `${path} in ${file}: true`,
      );
    }
  }
});

const BANNED: [name: string, pattern: RegExp, allowed: string[]][] = [
  ["the standard streams of Node, which cost milliseconds", /process\.(stdout|stderr|stdin)\b/, []],
  ["console", /\bconsole\./, []],
  ["exits", /process\.exit\b/, ["main.ts"]],
  [
    "wall time",
    /Date\.now\(|new Date\(\)|performance\.now\(/,
    ["shared/clock.ts", "page/browser/edges.ts"],
  ],
  ["chance", /Math\.random\b/, ["commands"]],
  [
    "timers",
    /\bset(Timeout|Interval)\(|Bun\.sleep\(/,
    ["shared/clock.ts", "platform/deadline.ts", "page/browser/edges.ts"],
  ],
  ["the environment", /(process|Bun)\.env\b/, ["main.ts", "platform/failure.ts"]],
  [
    "fetch",
    /(?<![#.\w])fetch\(|globalThis\.fetch/,
    ["platform/http.ts", "backends/http-call.ts", "push/probe.ts", "page/browser/edges.ts"],
  ],
];

describe("only the edges touch the world", () => {
  test.each(BANNED)("%s", (_, pattern, allowed) => {
    const found = files.filter((file) => pattern.test(codeOf(file)) && !within(file, allowed));
    expect(found).toEqual([]);
  });
});

test("no file is longer than a few screens", () => {
  const long = files
    .map((file) => ({ file, lines: textOf(file).split("\n").length }))
    .filter(({ lines }) => lines > 250);
  expect(long).toEqual([]);
});
