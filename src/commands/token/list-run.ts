/** `molecule token list`. */
import { age } from "../../cli/age.ts";
import type { Context } from "../../cli/command.ts";
import type { Column } from "../../cli/print.ts";
import { systemClock } from "../../shared/clock.ts";
import { get, type JsonObject } from "../../shared/json.ts";
import { show } from "../show.ts";
import type { ListValues } from "./index.ts";
import { keptToken, startsWith } from "./ours.ts";
import { withOwner } from "./owner.ts";

export function run(values: ListValues, context: Context): Promise<void> {
  return withOwner(values, context, async ({ id, token, list }) => {
    const rows = await list();
    const kept = id === undefined ? undefined : await keptToken(values, id, context);
    const whose = (row: JsonObject) =>
      [
        startsWith(token.value, row) ? "used for this call" : undefined,
        startsWith(kept?.value, row) ? "kept here" : undefined,
      ]
        .filter((word) => word !== undefined)
        .join(", ");
    await show(context, rows, columns(whose), { empty: "no tokens" });
  });
}

function columns(whose: (row: JsonObject) => string): Column<JsonObject>[] {
  const since = (key: string) => (row: JsonObject) => age(get(row, key), systemClock.now());
  return [
    { title: "id", of: (row) => get(row, "id") },
    { title: "prefix", of: (row) => get(row, "prefix") },
    { title: "name", of: (row) => get(row, "name") },
    { title: "made", of: since("created_at") },
    { title: "last used", of: (row) => since("last_used_at")(row) ?? "never" },
    { title: "note", of: whose },
  ];
}
