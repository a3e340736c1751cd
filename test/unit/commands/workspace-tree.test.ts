import { expect, test } from "bun:test";
import fc from "fast-check";
import { asTree, descendants } from "../../../src/commands/workspace/tree.ts";

const row = (id: string, parent: string | null = null) => ({ id, parent_id: parent });

test("children stand below their parents, in the order in which they came", () => {
  const rows = [row("b", "a"), row("a"), row("x", "b"), row("c"), row("d", "a")];
  expect(asTree(rows).map(({ row: { id }, depth }) => `${depth}${id}`)).toEqual([
    "0a",
    "1b",
    "2x",
    "1d",
    "0c",
  ]);
  expect(descendants(rows, "a").map(({ id }) => id)).toEqual(["b", "d", "x"]);
});

test("no row is left out or shown twice, whatever their parents are", () => {
  const id = fc.constantFrom("a", "b", "c", "d", "e");
  const rows = fc.uniqueArray(
    fc.record({ id, parent_id: fc.option(fc.oneof(id, fc.constant("gone"))) }),
    { selector: (one) => one.id },
  );
  fc.assert(
    fc.property(rows, (given) => {
      expect(new Set(asTree(given).map((leaf) => leaf.row))).toEqual(new Set(given));
      expect(asTree(given)).toHaveLength(given.length);
      expect(descendants(given, "a").map((one) => one["id"])).not.toContain("a");
    }),
  );
});
