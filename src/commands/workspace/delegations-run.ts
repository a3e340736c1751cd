/** `molecule workspace delegations`: what a workspace has delegated. */
import { age } from "../../cli/age.ts";
import type { Context } from "../../cli/command.ts";
import type { Column } from "../../cli/print.ts";
import { MoleculeError } from "../../shared/errors.ts";
import type { JsonObject } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import { GLOBALS } from "../globals.ts";
import { show } from "../show.ts";
import { type Delegation, readDelegation } from "./delegation.ts";
import type { DelegationsValues } from "./delegations.ts";
import { withWorkspace } from "../which/resolve.ts";

/** Prints the list, or the one that is named. */
export async function run(values: DelegationsValues, context: Context): Promise<void> {
  await withWorkspace(values, context, "workspace", async (platform, id) => {
    const all = (await platform.delegations(id)).flatMap(readRow);
    const { delegationId } = values;
    const one = delegationId === undefined ? undefined : theOne(all, delegationId);
    const now = platform.serverNow();
    if (context.get(GLOBALS.output) !== "table") {
      return show(context, one === undefined ? all.map(dataOf) : dataOf(one));
    }
    if (one === undefined)
      return show(
        context,
        all.map(({ read }) => read),
        columns(now),
      );
    return show(context, one.read, fields(now));
  });
}

interface Row {
  row: JsonObject;
  read: Delegation;
}

function readRow(row: JsonObject): Row[] {
  const read = readDelegation(row);
  return read === undefined ? [] : [{ row, read }];
}

function dataOf({ row, read }: Row): JsonObject {
  return { ...row, _outcome: read.outcome };
}

/** The one whose id is, or begins with, what was given. Throws a MoleculeError for none or several. */
function theOne(rows: readonly Row[], given: string): Row {
  const found = rows.filter(({ read }) => read.id.startsWith(given.toLowerCase()));
  const ids = new Set(found.map(({ read }) => read.id));
  // Where several rows tell of it, the one that tells its end.
  const best = found.find(({ read }) => read.outcome !== "running") ?? found[0];
  if (best !== undefined && ids.size === 1) return best;
  throw new MoleculeError(
    best === undefined
      ? `there is no delegation "${oneLine(given, 60)}" among those that the platform lists`
      : `"${oneLine(given, 60)}" may be any of ${ids.size} delegations`,
    { hint: "It lists the newest 50; without an id this command shows them." },
  );
}

const TONES = {
  running: "quiet",
  completed: "good",
  failed: "bad",
  "handed over": "warning",
} as const;

function columns(now: number): Column<Delegation>[] {
  return [
    { title: "id", of: ({ id }) => id },
    { title: "target", of: ({ targetId }) => targetId },
    { title: "status", of: ({ status }) => status },
    { title: "outcome", of: ({ outcome }) => outcome, tone: ({ outcome }) => TONES[outcome] },
    { title: "age", of: ({ createdAt }) => age(createdAt, now) },
    { title: "task", of: ({ task }) => task },
    { title: "result", of: ({ error, answer }) => error ?? answer },
  ];
}

function fields(now: number): Column<Delegation>[] {
  return [
    ...columns(now),
    { title: "created", of: ({ createdAt }) => createdAt },
    { title: "updated", of: ({ updatedAt }) => updatedAt },
  ];
}
