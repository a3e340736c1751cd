/** `molecule agent inspect`: one agent, with its card. */
import type { Context } from "../../cli/command.ts";
import type { Column } from "../../cli/print.ts";
import { formatDuration } from "../../shared/duration.ts";
import { get, getNumber, type JsonObject } from "../../shared/json.ts";
import { metIn, rememberWorkspaces } from "../which/known-workspaces.ts";
import { show } from "../show.ts";
import { withWorkspace } from "../which/resolve.ts";
import { statusTone } from "../workspace/status-tone.ts";
import { cardOf, type Card } from "./card.ts";
import { tasksOf } from "./columns.ts";
import type { InspectValues } from "./inspect.ts";

/** Prints it; rejects with exit 5 where its workspace was removed. */
export async function run(values: InspectValues, context: Context): Promise<void> {
  const row = await withWorkspace(values, context, "nobody", (platform, id) =>
    platform.workspace(id),
  );
  await rememberWorkspaces(metIn([row]), context.env);
  await show(context, row, [...STATE, ...cardColumns(cardOf(row))]);
}

const STATE: readonly Column<JsonObject>[] = [
  { title: "id", of: (row) => get(row, "id") },
  { title: "name", of: (row) => get(row, "name") },
  { title: "status", of: (row) => get(row, "status"), tone: statusTone },
  { title: "role", of: (row) => get(row, "role") },
  { title: "runtime", of: (row) => get(row, "runtime") },
  { title: "parent", of: (row) => get(row, "parent_id") },
  { title: "tasks", of: tasksOf },
  { title: "errors", of: errorsOf },
  { title: "up", of: upOf },
  { title: "url", of: (row) => get(row, "url") },
];

/** A line for each of its skills: a card may have many, and each has its own words. */
function cardColumns(card: Card | undefined): Column<JsonObject>[] {
  if (card === undefined) return [{ title: "card", of: () => "none: no agent has connected yet" }];
  const { name, description, version, protocol, skills, capabilities } = card;
  const line = (title: string, value: string | undefined) => ({ title, of: () => value });
  return [
    line("card name", name),
    line("card description", description),
    line("card version", version),
    line("A2A version", protocol),
    line("capabilities", capabilities.join(", ")),
    ...skills.map((skill) =>
      line(
        "skill",
        [skill.name, skill.description].filter((part) => part !== undefined).join(": "),
      ),
    ),
  ];
}

function errorsOf(row: JsonObject): string | undefined {
  const rate = getNumber(row, "last_error_rate");
  return rate === undefined ? undefined : `${Math.round(rate * 100)}%`;
}

function upOf(row: JsonObject): string | undefined {
  const seconds = getNumber(row, "uptime_seconds");
  return seconds === undefined || seconds === 0 ? undefined : formatDuration(seconds * 1_000);
}
