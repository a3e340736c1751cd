/** The file of a service. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { writeServiceFile } from "../../../../src/commands/service/service-file.ts";
import { tmpFolder } from "../../../harness/tmp.ts";

const SRC = resolve(import.meta.dir, "..", "..", "..", "..", "src");

test("it stands in place of the one before, whole, with nothing beside it", async () => {
  using folder = tmpFolder();
  const path = join(folder.path, "new", "a.service");
  await writeServiceFile(path, "first");
  await writeServiceFile(path, "second");
  expect(readFileSync(path, "utf8")).toBe("second");
  expect(readdirSync(join(folder.path, "new"))).toEqual(["a.service"]);
});

test("where it can't be put in place, what was written is taken away again", async () => {
  using folder = tmpFolder();
  const path = join(folder.path, "taken");
  mkdirSync(path);
  writeFileSync(join(path, "file"), "");
  expect(writeServiceFile(path, "text")).rejects.toThrow(/can't be written/);
  await writeServiceFile(path, "text").catch(() => {});
  expect(readdirSync(folder.path)).toEqual(["taken"]);
  expect(existsSync(join(path, "file"))).toBe(true);
});

test("files of the commands are renamed with the patience that Windows asks for", () => {
  const folder = join(SRC, "commands");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  const bare = files.filter((name) =>
    /import \{[^}]*\brename(?:Sync)?\b[^}]*\} from "node:fs/.test(
      readFileSync(join(folder, name), "utf8"),
    ),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(bare).toEqual([]);
});
