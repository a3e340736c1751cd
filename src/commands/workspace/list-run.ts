/** `molecule workspace list`: all of them, or those that match. */
import { age } from "../../cli/age.ts";
import type { Context } from "../../cli/command.ts";
import type { Column } from "../../cli/print.ts";
import { get, getString, type JsonObject } from "../../shared/json.ts";
import { tasksOf } from "../agent/columns.ts";
import { withManagement } from "../access/api.ts";
import { metIn, replaceKnown } from "../which/known-workspaces.ts";
import { show } from "../show.ts";
import type { ListValues } from "./list.ts";
import { statusTone } from "./status-tone.ts";
import { asTree, type Leaf } from "./tree.ts";

export async function run(values: ListValues, context: Context): Promise<void> {
  const { all, now } = await withManagement(
    values,
    context,
    "admin",
    undefined,
    async (platform) => ({
      all: await platform.workspaces(),
      now: platform.serverNow(),
    }),
  );
  const kept = replaceKnown(metIn(all), context.env);
  const text = values.name?.toLowerCase() ?? "";
  const found = all.filter(
    (row) =>
      (values.status === undefined || getString(row, "status") === values.status) &&
      (getString(row, "name") ?? "").toLowerCase().includes(text),
  );
  const leaves = values.tree ? asTree(found) : found.map((row): Leaf => ({ row, depth: 0 }));
  const depths = new Map(leaves.map(({ row, depth }) => [row, depth]));
  await show(
    context,
    leaves.map(({ row }) => row),
    columns(all, depths, values.tree, now),
    { empty: all.length === 0 ? "no workspaces" : "no such workspaces" },
  );
  await kept;
}

function columns(
  all: readonly JsonObject[],
  depths: ReadonlyMap<JsonObject, number>,
  tree: boolean,
  now: number,
): Column<JsonObject>[] {
  const names = new Map(all.map((row) => [get(row, "id"), get(row, "name")]));
  const parentOf = (row: JsonObject) => get(row, "parent_id");
  const indent = (row: JsonObject) => "· ".repeat(depths.get(row) ?? 0);
  return [
    { title: "id", of: (row) => get(row, "id") },
    { title: "name", of: (row) => `${indent(row)}${getString(row, "name") ?? ""}` },
    { title: "status", of: (row) => get(row, "status"), tone: statusTone },
    { title: "runtime", of: (row) => get(row, "runtime"), wide: true },
    { title: "tasks", of: tasksOf, align: "right" },
    ...(tree
      ? []
      : [
          {
            title: "parent",
            of: (row: JsonObject) => names.get(parentOf(row)) ?? parentOf(row),
            wide: true,
          },
        ]),
    // Revision 1 does not tell (contract 2.8).
    ...(all.some((row) => get(row, "last_heartbeat_at") !== undefined)
      ? [
          {
            title: "last heartbeat",
            of: (row: JsonObject) => age(get(row, "last_heartbeat_at"), now),
            wide: true,
          },
        ]
      : []),
    { title: "task", of: (row) => get(row, "current_task"), wide: true },
  ];
}
