/** What a shared store has of the workspace, in place of the state folder. */
import { inspectDatabase } from "../../store/inspection.ts";
import type { WorkspaceView } from "../../store/postgres/survey.ts";
import { ok, together, warning, type Finding } from "./check.ts";

/** How the messages of the workspace stand; undefined is one that the store knows nothing of. */
export function sharedJournal(
  view: WorkspaceView | undefined,
  folder: string,
  workspaceId: string,
): Finding {
  if (view !== undefined && (view.cursor !== null || view.unsettled + view.dead_letters > 0)) {
    return together([
      ok(view.cursor === null ? "no message was settled yet" : "the store has its cursor"),
      ok(`${view.unsettled} unsettled`),
      ...givenUp(view.dead_letters, workspaceId),
    ]);
  }
  const nothing = ok("the store has no message of this workspace yet");
  if (inspectDatabase(folder, workspaceId) === undefined) return nothing;
  return together([
    nothing,
    warning(
      "the state folder has some, which a bridge with a shared store does not look at",
      `molecule store migrate ${workspaceId} moves them into the store.`,
    ),
  ]);
}

/** Who has the workspace there. */
export function sharedBridge(
  view: WorkspaceView | undefined,
  isHeard: boolean | undefined,
): Finding {
  if (view !== undefined && view.host !== null) {
    const since = view.taken_at === null ? "" : `, since ${view.taken_at}`;
    return ok(`one runs on ${view.host}: process ${view.pid}${since}`);
  }
  if (isHeard !== true) return ok("none runs with this shared store");
  return warning(
    "none runs with this shared store, but the platform hears from one",
    "It runs with another store, or ended in the last minutes. Two at once would answer everything twice.",
  );
}

/** Messages that were given up, where there are any. */
export function givenUp(count: number, workspaceId: string): Finding[] {
  if (count === 0) return [];
  const what = `${count} message${count === 1 ? " was" : "s were"} given up`;
  return [warning(what, `molecule dead-letter list ${workspaceId} shows why.`)];
}
