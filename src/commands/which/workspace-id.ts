import type { Env } from "../../cli/command.ts";
import { UsageError } from "../../shared/errors.ts";
import { isUuid, isWorkspaceId } from "../../shared/ids.ts";
import { oneLine } from "../../shared/text.ts";

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
  throw new UsageError(`"${oneLine(value, 80)}" ${problem}`, FORM);
}

/**
 * The same of a workspace that the platform must know: there every id is a UUID, and with another one it
 * fails in ways that say nothing (contract T23). A name is not taken for an id, since it could be another
 * platform's; the hint tells whose it was here. Rejects with a UsageError.
 */
export async function requireUuid(value: string, env: Env): Promise<string> {
  const id = readWorkspaceId(value);
  if (isUuid(id)) return id;
  throw noUuid(value, await knownAs(value, env));
}

/**
 * The same for what only looks: there the one workspace that this machine knows by the name, or by the
 * beginning of its id, is taken for it.
 */
export async function requireKnown(value: string, env: Env): Promise<string> {
  const id = readWorkspaceId(value);
  if (isUuid(id)) return id;
  const known = await knownAs(value, env);
  const [only] = known;
  if (only !== undefined && known.length === 1) return only;
  throw noUuid(value, known);
}

async function knownAs(value: string, env: Env): Promise<string[]> {
  return (await import("./known-workspaces.ts")).knownBy(value, env);
}

function noUuid(value: string, known: readonly string[]): UsageError {
  return new UsageError(
    `"${oneLine(value, 80)}" is not the id of a workspace`,
    known.length === 0 ? FORM : `Known by this name here: ${known.join(", ")}`,
  );
}

const FORM = "It is a UUID, such as 0f8fad5b-d9cb-469f-a165-70867728950e; the canvas shows it.";
