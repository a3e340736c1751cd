import { UsageError } from "../shared/errors.ts";
import { isUuid, isWorkspaceId } from "../shared/ids.ts";
import { oneLine } from "../shared/text.ts";

/** What is wrong with a workspace id, as a phrase; undefined if it may stand in a path or a URL. */
export function workspaceIdProblem(value: string): string | undefined {
  return isWorkspaceId(value) ? undefined : "can't be a workspace id";
}

/**
 * The id in its one spelling: the case of a UUID says nothing, but would make another state file.
 * Refuses what can't be an id, before it becomes a path or a URL. Throws a UsageError.
 */
export function readWorkspaceId(value: string): string {
  const problem = workspaceIdProblem(value);
  if (problem === undefined) return isUuid(value) ? value.toLowerCase() : value;
  throw new UsageError(
    `"${oneLine(value, 80)}" ${problem}`,
    "It is a UUID, such as 0f8fad5b-d9cb-469f-a165-70867728950e; the canvas shows it.",
  );
}
