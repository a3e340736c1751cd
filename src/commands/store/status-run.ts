/** `molecule store status`: what it does. */
import { age } from "../../cli/age.ts";
import type { Context } from "../../cli/command.ts";
import type { Column } from "../../cli/print.ts";
import { count } from "../../shared/count.ts";
import { systemClock } from "../../shared/clock.ts";
import { formatDuration } from "../../shared/duration.ts";
import {
  type MemberView,
  requireSchema,
  type Survey,
  survey,
  type Totals,
  type WorkspaceView,
} from "../../store/postgres/survey.ts";
import { unknownThere } from "../../store/postgres/postgres-error.ts";
import { GLOBALS } from "../globals.ts";
import { note, show } from "../show.ts";
import { requireKnown } from "../which/workspace-id.ts";
import type { StatusValues } from "./index.ts";
import { withStore } from "./with-store.ts";

/** Rejects where the store can't be reached, has no tables, or has those of another version. */
export async function run(values: StatusValues, context: Context): Promise<void> {
  const { workspaceId, limit } = values;
  const id = workspaceId === undefined ? undefined : await requireKnown(workspaceId, context.env);
  const { place, found } = await withStore(values, context, async (client) => {
    await requireSchema(client);
    const told = id === undefined ? await survey(client, limit) : await survey(client, 1, [id]);
    if (id !== undefined && told.workspaces.length === 0) throw unknownThere(client.place, id);
    return { place: client.place, found: told };
  });
  if (context.get(GLOBALS.output) === "table") return showTables(context, place, found, id);
  const { members: processes, workspaces, totals } = found;
  await show(
    context,
    id === undefined ? { store: place, processes, workspaces, totals } : workspaces[0],
  );
}

async function showTables(
  context: Context,
  place: string,
  { members, workspaces, totals }: Survey,
  id: string | undefined,
): Promise<void> {
  const now = systemClock.now();
  if (id !== undefined) return show(context, workspaces[0], lines(workspaces[0], now));
  await show(context, members, processColumns(now), { empty: "no process shares the store now" });
  if (members.length > 0 && workspaces.length > 0) await context.io.out("\n");
  await show(context, workspaces, workspaceColumns(now), { empty: "it has no workspaces" });
  const hidden = totals.workspaces - workspaces.length;
  const more = hidden > 0 ? `; ${hidden} more with a higher --limit` : "";
  note(context, `${place}: ${summary(totals)}${more}`);
}

function summary({ workspaces, held, unsettled, outbox, dead_letters: dead }: Totals): string {
  return [
    `${count(workspaces, "workspace")}, ${held} of them held`,
    `${unsettled} unsettled`,
    `${outbox} in the outbox`,
    count(dead, "dead letter"),
  ].join(", ");
}

function processColumns(now: number): Column<MemberView>[] {
  return [
    { title: "host", of: ({ host }) => host },
    { title: "pid", of: ({ pid }) => pid, align: "right" },
    { title: "since", of: ({ since }) => age(since, now) },
    { title: "workspaces", of: ({ workspaces }) => workspaces, align: "right" },
    { title: "at most", of: ({ capacity }) => capacity ?? "all", align: "right" },
    {
      title: "lease",
      of: ({ expires_in_ms: ms }) =>
        ms > 0 ? `${formatDuration(ms)} left` : `ran out ${formatDuration(-ms)} ago`,
      tone: ({ expires_in_ms: ms }) => (ms > 0 ? "good" : "bad"),
    },
  ];
}

function workspaceColumns(now: number): Column<WorkspaceView>[] {
  return [
    { title: "workspace", of: ({ id }) => id },
    { title: "holder", of: (row) => holderOf(row) ?? "none" },
    { title: "since", of: (row) => age(row.taken_at, now), wide: true },
    { title: "fence", of: ({ epoch }) => epoch, align: "right" },
    { title: "unsettled", of: ({ unsettled }) => unsettled, align: "right" },
    { title: "outbox", of: ({ outbox }) => outbox, align: "right" },
    { title: "dead", of: (row) => row.dead_letters, align: "right" },
    { title: "cursor", of: ({ cursor }) => cursor?.slice(0, 8), wide: true },
    { title: "settled", of: (row) => age(row.settled_at, now), wide: true },
  ];
}

/** The lines of one. */
function lines(row: WorkspaceView | undefined, now: number): Column<WorkspaceView | undefined>[] {
  if (row === undefined) return [];
  const { taken_at: taken, settled_at: settled } = row;
  const held = holderOf(row);
  const facts: [title: string, value: unknown][] = [
    ["workspace", row.id],
    ["holder", held === undefined ? "none" : `${held}, since ${age(taken, now) ?? "some time"}`],
    ["fencing number", row.epoch],
    ["unsettled", row.unsettled],
    ["outbox", row.outbox],
    ["dead letters", row.dead_letters],
    ["cursor", row.cursor],
    ["settled up to", settled === null ? null : `${settled} (${age(settled, now)})`],
  ];
  return facts.flatMap(([title, value]) => (value === null ? [] : [{ title, of: () => value }]));
}

function holderOf({ host, pid }: WorkspaceView): string | undefined {
  return host === null ? undefined : `${pid} on ${host}`;
}
