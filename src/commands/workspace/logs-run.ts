/** `molecule workspace logs`: the activity of a workspace, and what comes on top of it. */
import { readRow, type Row } from "../../a2a/feed-row.ts";
import { oldestFirst } from "../../bridge/feed/pages.ts";
import type { Context } from "../../cli/command.ts";
import type { ActivityFilter, Management } from "../../platform/management.ts";
import { PlatformError } from "../../platform/platform.ts";
import { ExitCode, MoleculeError } from "../../shared/errors.ts";
import { logFor } from "../logging.ts";
import { note, show } from "../show.ts";
import { onStopSignals } from "../signals.ts";
import { GLOBALS } from "../globals.ts";
import { follow } from "./follow.ts";
import type { LogsValues } from "./logs.ts";
import { Names } from "./peer-names.ts";
import { resolveWorkspace, withWorkspace } from "../which/resolve.ts";
import { RowPrinter, writable } from "./row-printer.ts";

/** Which rows are meant, whenever they came. */
export type RowFilter = Pick<ActivityFilter, "type" | "source" | "peerId">;

export async function run(values: LogsValues, context: Context): Promise<ExitCode> {
  const { type, source, peer } = values;
  const filter: RowFilter = {
    ...(type === undefined ? {} : { type }),
    ...(source === undefined ? {} : { source }),
    ...(peer === undefined ? {} : { peerId: await resolveWorkspace(peer, values, context) }),
  };
  return withWorkspace(values, context, "workspace", async (platform, id, token) => {
    const rows = await firstRows(platform, id, values, filter);
    if (!values.follow && context.get(GLOBALS.output) !== "table") {
      await show(
        context,
        rows.map(({ raw }) => writable(raw)),
      );
      return ExitCode.ok;
    }
    const names = new Names((peer) => platform.workspace(peer, { removed: true }));
    const printer = new RowPrinter(context, id, names);
    for (const row of rows) await printer.print(row.raw);
    if (values.follow) {
      const log = logFor(context);
      const parts = { platform, id, filter, log, token, signal: untilStopped() };
      await follow(parts, rows, (row) => printer.print(row.raw));
    } else if (rows.length === 0) {
      note(context, "nothing happened there yet, or nothing that is meant");
    }
    return ExitCode.ok;
  });
}

/** The newest rows that are meant, oldest first. */
async function firstRows(
  platform: Management,
  id: string,
  { limit, since }: LogsValues,
  filter: RowFilter,
): Promise<Row[]> {
  const sinceSecs = since === undefined ? undefined : Math.ceil(since / 1_000);
  const page = platform.activity(id, { limit, sinceSecs, ...filter });
  const rows = await page.catch((error: unknown) => {
    if (!(error instanceof PlatformError) || error.failure.unreadable !== true) throw error;
    throw new MoleculeError(error.message, {
      exitCode: error.exitCode,
      hint: "Ask for fewer rows at once with --limit.",
      cause: error,
    });
  });
  return oldestFirst(rows.map(readRow).filter((row) => row !== undefined));
}

/** Aborts when the operator asks for the end. */
function untilStopped(): AbortSignal {
  const stop = new AbortController();
  const end = () => stop.abort();
  onStopSignals(end, end);
  return stop.signal;
}
