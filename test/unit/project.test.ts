/** What the project's files promise each other. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import pkg from "../../package.json" with { type: "json" };

const root = resolve(import.meta.dir, "..", "..");
const read = (name: string) => readFileSync(join(root, name), "utf8");

test("the pinned Bun is the same everywhere it is named", () => {
  const version = pkg.packageManager.replace("bun@", "");
  expect(pkg.engines.bun).toBe(version);
  expect(Bun.version).toBe(version);
  const named = [...read("README.md").matchAll(/bun@(\d+\.\d+\.\d+)/g)].map((m) => m[1]);
  expect(named.length).toBeGreaterThan(0);
  expect(new Set(named)).toEqual(new Set([version]));
});

test("the lock file names no registry", () => {
  expect(read("bun.lock")).not.toMatch(/"https?:\/\//);
});

test("the runtime packages are those that the README gives reasons for", () => {
  for (const name of Object.keys(pkg.dependencies))
    expect(read("README.md")).toContain(`\`${name}\``);
});

test("the README speaks of files that are there", () => {
  for (const [, path] of read("README.md").matchAll(/\]\((?!https?:|#)([^)]+)\)/g)) {
    expect({ path, there: existsSync(join(root, path ?? "")) }).toEqual({ path, there: true });
  }
});
