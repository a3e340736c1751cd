/** The conversation of the canvas with a workspace, and what its peers and it say to each other. */
import type { PageRow, PageWorkspace } from "../wire.ts";
import { el } from "./dom.ts";
import type { Deeds } from "./deeds.ts";
import type { Entry, Tail } from "./keyed-list.ts";
import { answer, message, pendingMessage, type Roles, stepTail } from "./message.ts";
import type { Model, Pending } from "./model.ts";
import { dayOf, isThere, stepOf } from "./words.ts";

/** Messages with the canvas, and those of this page that are still on their way. */
export function conversation(
  model: Model,
  workspace: PageWorkspace,
  rows: readonly PageRow[],
  deeds: Deeds,
): Entry[] {
  const entries = rows.flatMap((row): Entry[] => {
    if (row.kind === "progress") return [progress(row)];
    const isUser = row.kind === "user";
    const from = isUser ? "You" : workspace.name;
    const said = row.answer;
    const tail = isUser && said === null ? tailOf(model, row, deeds) : undefined;
    const entry = { ...entryOf(row, { from }, deeds), tail };
    if (said === null) return [entry];
    const key = `${row.id} answer`;
    const made = workspace.name;
    return [entry, { key, made, make: () => answer(row, said, workspace.name, deeds) }];
  });
  const pending = model.pending.filter(({ workspaceId }) => workspaceId === workspace.id);
  return [...withDays(entries, rows), ...pending.map((one) => pendingEntry(one, deeds))];
}

/** What workspaces say to this one, and it to them. */
export function peerTraffic(
  model: Model,
  workspace: PageWorkspace,
  rows: readonly PageRow[],
  deeds: Deeds,
): Entry[] {
  const entries = rows.map((row) => {
    const from = row.sourceId === null ? "the canvas" : model.nameOf(row.sourceId);
    const to = model.nameOf(row.workspaceId);
    const isOut = row.sourceId === workspace.id;
    return { ...entryOf(row, { from, to, isOut }, deeds), tail: tailOf(model, row, deeds) };
  });
  return withDays(entries, rows);
}

function entryOf(row: PageRow, roles: Roles, deeds: Deeds): Entry {
  const { from, to } = roles;
  return { key: row.id, made: JSON.stringify([from, to]), make: () => message(row, roles, deeds) };
}

function tailOf(model: Model, row: PageRow, deeds: Deeds): Tail {
  const target = model.find(row.workspaceId);
  const standing = model.standingOf(row);
  const step = stepOf(standing, target !== undefined && isThere(target));
  return stepTail(row, step, standing?.state === "dead", deeds);
}

function pendingEntry(pending: Pending, deeds: Deeds): Entry {
  const { messageId, state, problem } = pending;
  const key = `pending ${messageId}`;
  return { key, made: `${state} ${problem}`, make: () => pendingMessage(pending, deeds) };
}

function progress(row: PageRow): Entry {
  const make = () => el("li", { class: "progress", "data-row": row.id }, row.summary);
  return { key: row.id, made: "", make };
}

const days = new WeakMap<PageRow, string>();

/** Once for each row: the words for a day take longer to find than all else. */
function dayOfRow(row: PageRow): string {
  let day = days.get(row);
  if (day === undefined) days.set(row, (day = dayOf(row.at)));
  return day;
}

/** A line with the day where a new one begins. */
function withDays(entries: readonly Entry[], rows: readonly PageRow[]): Entry[] {
  const byKey = new Map(rows.map((row) => [row.id, dayOfRow(row)]));
  let day: string | undefined;
  return entries.flatMap((entry) => {
    const own = byKey.get(entry.key) ?? day;
    if (own === day || own === undefined) return [entry];
    day = own;
    const title = own;
    return [
      { key: `day ${title}`, made: "", make: () => el("li", { class: "day" }, title) },
      entry,
    ];
  });
}
