/** The tree of commands as a whole. */
import { expect, test } from "bun:test";
import { commandAt } from "../../../src/cli/command.ts";
import { loadAll, walk } from "../../../src/cli/tree.ts";
import { CLI } from "../../../src/commands/cli.ts";

await loadAll(CLI.root);

test("a command that is loaded later is the one that its place in the tree says", () => {
  const places = Object.values(CLI.root.subCommands);
  const later = places.flatMap((place) => (place.kind === "later" ? [place] : []));
  expect(later.length).toBeGreaterThan(10);
  for (const { meta, node } of later) expect(node.meta).toEqual(meta);
});

test("the mask knows the variable of every secret flag before anything is read", () => {
  const nodes = walk(CLI.root).map(({ node }) => commandAt(node)?.args ?? {});
  const flags = [CLI.globals, ...nodes].flatMap((args) => Object.values(args));
  const variables = flags.flatMap(({ secret, env }) => (secret && env !== undefined ? [env] : []));
  expect(new Set(CLI.secretVariables)).toEqual(new Set(variables));
});
