/** `molecule workspace inspect`: one workspace, or its agent's card. */
import { age } from "../../cli/age.ts";
import type { Context } from "../../cli/command.ts";
import type { Column } from "../../cli/print.ts";
import { formatDuration } from "../../shared/duration.ts";
import { asObject, get, getNumber, getString, type JsonObject } from "../../shared/json.ts";
import { tasksOf } from "../agent/columns.ts";
import { apiToken } from "../access/api.ts";
import { ifAllowed } from "../access/if-allowed.ts";
import { metIn, rememberWorkspaces } from "../which/known-workspaces.ts";
import { show } from "../show.ts";
import type { InspectValues } from "./inspect.ts";
import { withWorkspace } from "../which/resolve.ts";
import { statusTone } from "./status-tone.ts";

export async function run(values: InspectValues, context: Context): Promise<void> {
  const admin = (await apiToken(values, context)) !== undefined;
  const { row, now } = await withWorkspace(values, context, "nobody", async (platform, id) => {
    const open = await platform.workspace(id, { removed: values.removed });
    return {
      row: { ...open, ...(admin ? await hidden(platform, id) : {}) },
      now: platform.serverNow(),
    };
  });
  await rememberWorkspaces(metIn([row]), context.env);
  if (!values.card) return show(context, row, columns(row, now));
  const card = asObject(get(row, "agent_card"));
  // What a script reads stays what the platform has: null where no agent has introduced itself yet.
  await show(context, card ?? null);
}

/** What only the list tells (contract 2.8); nothing where the token may not read it. */
async function hidden(
  platform: { workspaces(): Promise<JsonObject[]> },
  id: string,
): Promise<JsonObject> {
  const rows = await ifAllowed(() => platform.workspaces());
  return rows?.find((row) => getString(row, "id")?.toLowerCase() === id) ?? {};
}

/** The fields that are there, under words that say their units. */
function columns(row: JsonObject, now: number): Column<JsonObject>[] {
  const plain = (title: string, key: string) => ({ title, of: () => get(row, key) });
  const dollars = (title: string, key: string) => ({ title, of: () => inDollars(row, key) });
  const when = (title: string, key: string) => ({ title, of: () => sinceThen(row, key, now) });
  const shown: [Column<JsonObject>, key: string][] = [
    [plain("id", "id"), "id"],
    [plain("name", "name"), "name"],
    [{ ...plain("status", "status"), tone: statusTone }, "status"],
    [plain("role", "role"), "role"],
    [plain("runtime", "runtime"), "runtime"],
    [plain("tier", "tier"), "tier"],
    [plain("parent", "parent_id"), "parent_id"],
    [plain("url", "url"), "url"],
    [{ title: "tasks", of: tasksOf }, "active_tasks"],
    [plain("task", "current_task"), "current_task"],
    [{ title: "failing", of: () => percent(row, "last_error_rate") }, "last_error_rate"],
    [plain("last error", "last_sample_error"), "last_sample_error"],
    [{ title: "up for", of: () => duration(row, "uptime_seconds") }, "uptime_seconds"],
    [when("last heartbeat", "last_heartbeat_at"), "last_heartbeat_at"],
    [when("last message", "last_outbound_at"), "last_outbound_at"],
    [dollars("spent this month", "monthly_spend"), "monthly_spend"],
    [dollars("budget", "budget_limit"), "budget_limit"],
    [plain("folder", "workspace_dir"), "workspace_dir"],
    [plain("talks to the user", "talk_to_user_enabled"), "talk_to_user_enabled"],
    [plain("may broadcast", "broadcast_enabled"), "broadcast_enabled"],
    [{ title: "agent", of: () => agentOf(row) }, "agent_card"],
  ];
  return shown.filter(([, key]) => get(row, key) !== undefined).map(([column]) => column);
}

function agentOf(row: JsonObject): string {
  const card = asObject(get(row, "agent_card"));
  if (card === undefined) return "none has introduced itself yet";
  const words = [getString(card, "name"), getString(card, "version")];
  return words.filter((word) => word !== undefined).join(" ");
}

function inDollars(row: JsonObject, key: string): string | undefined {
  const cents = getNumber(row, key);
  return cents === undefined ? undefined : `$${(cents / 100).toFixed(2)}`;
}

function percent(row: JsonObject, key: string): string | undefined {
  const rate = getNumber(row, key);
  return rate === undefined ? undefined : `${Math.round(rate * 100)} %`;
}

function duration(row: JsonObject, key: string): string | undefined {
  const seconds = getNumber(row, key);
  return seconds === undefined || seconds === 0 ? undefined : formatDuration(seconds * 1_000);
}

function sinceThen(row: JsonObject, key: string, now: number): string | undefined {
  const then = age(get(row, key), now);
  return then === undefined ? undefined : `${then} (${getString(row, key)})`;
}
