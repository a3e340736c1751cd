/** Rows of workspaces as the tree that their `parent_id` makes. */
import { getString, type JsonObject } from "../../shared/json.ts";

/** A row, and how many of those that are shown stand above it. */
export interface Leaf {
  row: JsonObject;
  depth: number;
}

/**
 * The rows with each one's children right below it, in the order in which they came. A parent that is
 * missing, or rows that are each other's parents, leave none out.
 */
export function asTree(rows: readonly JsonObject[]): Leaf[] {
  const ids = new Set(rows.map((row) => getString(row, "id")));
  const children = Map.groupBy(rows, (row) => getString(row, "parent_id"));
  const leaves = new Map<JsonObject, Leaf>();
  const place = (row: JsonObject, depth: number) => {
    if (leaves.has(row)) return;
    leaves.set(row, { row, depth });
    const id = getString(row, "id");
    if (id !== undefined) for (const child of children.get(id) ?? []) place(child, depth + 1);
  };
  const isRoot = (row: JsonObject) => !ids.has(getString(row, "parent_id"));
  for (const row of [...rows.filter(isRoot), ...rows]) place(row, 0);
  return [...leaves.values()];
}

/** All below the workspace, the nearest first. */
export function descendants(rows: readonly JsonObject[], id: string): JsonObject[] {
  const children = Map.groupBy(rows, (row) => getString(row, "parent_id"));
  const found = new Set(children.get(id) ?? []);
  for (const row of found) {
    for (const child of children.get(getString(row, "id")) ?? []) found.add(child);
  }
  return [...found].filter((row) => getString(row, "id") !== id);
}
