/** What the tables show of an agent. */
import type { Column } from "../../cli/print.ts";
import { get, getNumber, getString, type JsonObject } from "../../shared/json.ts";
import { statusTone } from "../workspace/status-tone.ts";
import { cardOf } from "./card.ts";

/** Of a list; lists of peers leave some of it out. */
export const AGENT_COLUMNS: readonly Column<JsonObject>[] = [
  { title: "id", of: (row) => get(row, "id") },
  { title: "name", of: (row) => get(row, "name") },
  { title: "status", of: (row) => get(row, "status"), tone: statusTone },
  { title: "tasks", of: tasksOf, align: "right" },
  {
    title: "skills",
    of: (row) =>
      cardOf(row)
        ?.skills.map(({ name }) => name)
        .join(", "),
  },
  { title: "description", of: describe },
];

/** What it does now, of what it can do at once. */
export function tasksOf(row: JsonObject): string | undefined {
  const active = getNumber(row, "active_tasks");
  const most = getNumber(row, "max_concurrent_tasks");
  if (active === undefined) return undefined;
  return most === undefined ? String(active) : `${active}/${most}`;
}

/** What its card says of it; the platform fills a card that says nothing with the name. */
function describe(row: JsonObject): string | undefined {
  const said = cardOf(row)?.description;
  return said === getString(row, "name") ? undefined : said;
}
