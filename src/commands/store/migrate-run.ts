/** `molecule store migrate`: what it does. */
import type { Context } from "../../cli/command.ts";
import type { Column } from "../../cli/print.ts";
import { count } from "../../shared/count.ts";
import { ExitCode, MoleculeError, UsageError } from "../../shared/errors.ts";
import { keptIn } from "../../store/inspection.ts";
import type { PostgresClient } from "../../store/postgres/client.ts";
import { migrateSchema, schemaVersion } from "../../store/postgres/migrate.ts";
import { type Moved, moveIn, wouldMoveIn } from "../../store/postgres/move-in.ts";
import { StoreAway } from "../../store/postgres/postgres-error.ts";
import { requireSchema } from "../../store/postgres/survey.ts";
import { MIGRATIONS } from "../../store/postgres/schema.ts";
import { stateFolder } from "../access/state-folder.ts";
import { GLOBALS } from "../globals.ts";
import { note, show } from "../show.ts";
import { requireKnown } from "../which/workspace-id.ts";
import type { MigrateValues } from "./index.ts";
import { withStore } from "./with-store.ts";

/** Rejects where the schema can't be brought up to date; a workspace that can't be moved is told of, and is exit code 1. */
export async function run(values: MigrateValues, context: Context): Promise<ExitCode> {
  const folder = stateFolder(values.stateDir);
  const ids = await wanted(values, folder, context);
  return withStore(values, context, async (client) => {
    const schema = values.dryRun ? await inspect(client) : await update(client);
    const isTable = context.get(GLOBALS.output) === "table";
    if (isTable) note(context, `${client.place}: ${words(schema, values.dryRun)}`);
    const rows: Row[] = [];
    let away: unknown;
    for (const id of ids) {
      const found = await one(client, folder, id, values.dryRun ? schema : undefined);
      if (found instanceof StoreAway) {
        away = found;
        break;
      }
      rows.push(found);
    }
    if (!isTable) await show(context, { store: client.place, schema, workspaces: rows });
    else if (rows.length > 0) await show(context, rows, COLUMNS);
    else if (values.all) note(context, `nothing is kept in ${folder}`);
    if (isTable)
      for (const { hint } of rows) if (hint !== undefined) note(context, `hint: ${hint}`);
    if (away !== undefined) throw away;
    return rows.some(({ status }) => status === "refused") ? ExitCode.failed : ExitCode.ok;
  });
}

/** The workspaces to be moved. Rejects for one of which nothing is kept here. */
async function wanted(
  { workspaceId, all }: MigrateValues,
  folder: string,
  { env }: Context,
): Promise<string[]> {
  if (all && workspaceId.length > 0) {
    throw new UsageError("--all and ids of workspaces were both given", "Give one of them.");
  }
  if (!all && workspaceId.length === 0) return [];
  const kept = keptIn(folder).map((one) => one.workspaceId);
  if (all) return kept;
  const ids = new Set<string>();
  for (const given of workspaceId) ids.add(await requireKnown(given, env));
  const missing = [...ids].find((id) => !kept.includes(id));
  if (missing === undefined) return [...ids];
  throw new MoleculeError(`nothing is kept of workspace ${missing} in ${folder}`, {
    hint: "Check the id, or name the folder of its bridge with --state-dir. What was moved before has the ending .moved.",
  });
}

/** The version of the schema: as it was found, and as it is, or would be, afterwards. */
interface Schema {
  found: number;
  now: number;
}

async function update(client: PostgresClient): Promise<Schema> {
  return { found: await migrateSchema(client), now: MIGRATIONS.length };
}

async function inspect(client: PostgresClient): Promise<Schema> {
  const found = await schemaVersion(client);
  // A newer one is refused as it would be without --dry-run.
  if (found > MIGRATIONS.length) await requireSchema(client);
  return { found, now: MIGRATIONS.length };
}

function words({ found, now }: Schema, isDry: boolean): string {
  if (found === now) return `its tables are up to date (schema ${now})`;
  if (found === 0) return `its tables ${isDry ? "would be" : "were"} made (schema ${now})`;
  return `its tables ${isDry ? "would be" : "were"} brought up to date (schema ${found} to ${now})`;
}

interface Row {
  workspace_id: string;
  status: Moved["status"] | "refused";
  rows: number | null;
  unsettled: number | null;
  dead_letters: number | null;
  /** The local files under their new names. */
  moved_files: string[];
  reason?: string;
  hint?: string | undefined;
}

async function one(
  client: PostgresClient,
  folder: string,
  id: string,
  dry: Schema | undefined,
): Promise<Row | StoreAway> {
  try {
    const { status, rows, unsettled, deadLetters, aside } =
      dry === undefined
        ? await moveIn(client, folder, id)
        : await wouldMoveIn(client, folder, id, dry.found === 0);
    const counts = { rows, unsettled, dead_letters: deadLetters };
    return { workspace_id: id, status, ...counts, moved_files: aside };
  } catch (error) {
    if (error instanceof StoreAway) return error;
    if (!(error instanceof MoleculeError)) throw error;
    const nothing = { rows: null, unsettled: null, dead_letters: null, moved_files: [] };
    const { message: reason, hint } = error;
    return { workspace_id: id, status: "refused", ...nothing, reason, hint };
  }
}

const COLUMNS: Column<Row>[] = [
  { title: "workspace", of: (row) => row.workspace_id },
  {
    title: "status",
    of: ({ status }) => status,
    tone: ({ status }) => (status === "refused" ? "bad" : "good"),
  },
  { title: "rows", of: ({ rows }) => rows, align: "right" },
  { title: "unsettled", of: ({ unsettled }) => unsettled, align: "right" },
  { title: "dead", of: (row) => row.dead_letters, align: "right" },
  {
    title: "files",
    of: (row) =>
      row.reason ?? (row.moved_files.length > 0 ? count(row.moved_files.length, "file") : ""),
    wrap: true,
  },
];
