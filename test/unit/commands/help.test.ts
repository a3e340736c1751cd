/** The help of every command: it fits a screen, and shows how the command is used. */
import { describe, expect, test } from "bun:test";
import { loadAll, walk } from "../../../src/cli/tree.ts";
import { renderHelp } from "../../../src/cli/help.ts";
import { GLOBALS } from "../../../src/commands/globals.ts";
import { ROOT } from "../../../src/commands/index.ts";

const CLI = { root: ROOT, globals: GLOBALS, version: "1" };
const WIDTH = 80;
const ROWS = 40;

await loadAll(ROOT);
const PLACES = walk(ROOT).map(({ node, path }) => ({ node, path, name: path.join(" ") }));

describe.each(PLACES)("$name --help", ({ node, path, name }) => {
  const text = renderHelp(CLI, node, path, { width: WIDTH });

  test(`has at most ${ROWS} rows of ${WIDTH} columns`, () => {
    // A terminal breaks an example that is longer.
    const rows = text
      .trimEnd()
      .split("\n")
      .reduce((sum, line) => sum + Math.max(1, Math.ceil(Bun.stringWidth(line) / WIDTH)), 0);
    expect(rows).toBeLessThanOrEqual(ROWS);
  });

  test("tells of every flag when asked for all", () => {
    const all = renderHelp(CLI, node, path, { width: WIDTH, all: true });
    expect(all).toContain("--ca-file");
    expect(text).not.toContain("--ca-file");
    expect(text).toContain(`Run '${name} --help -v' for `);
  });

  if (node.kind === "group" && node.main === undefined) return;

  test("shows how it is used, by its own name", () => {
    expect(node.examples).not.toEqual([]);
    for (const example of node.examples) expect(example).toContain(name);
  });
});
