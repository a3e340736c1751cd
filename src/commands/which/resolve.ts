/** From what the operator calls a workspace to its id, and from there to the work on it. */
import type { Context } from "../../cli/command.ts";
import type { Management } from "../../platform/management.ts";
import { PlatformError } from "../../platform/platform.ts";
import type { Token } from "../../platform/token.ts";
import { ExitCode, MoleculeError } from "../../shared/errors.ts";
import { isUuid } from "../../shared/ids.ts";
import { getString, type JsonObject } from "../../shared/json.ts";
import { nearest } from "../../shared/nearest.ts";
import { oneLine } from "../../shared/text.ts";
import { type ApiValues, type Needs, withManagement } from "../access/api.ts";
import { forgetWorkspaces, rememberWorkspaces } from "./known-workspaces.ts";
import { removedError } from "./removed.ts";

/** So much of an id's beginning is taken for it: what a narrow table shows. */
const LEAST_ID = 8;

/**
 * The id that is meant, in small letters: a UUID as it is, without a call; else the one workspace of that
 * name, or whose id begins so, in the platform's list. Rejects with a MoleculeError where there is none
 * or several, and where no admin token lets us look.
 */
export async function resolveWorkspace(
  given: string,
  values: ApiValues,
  context: Context,
): Promise<string> {
  if (isUuid(given)) return given.toLowerCase();
  try {
    const rows = await withManagement(values, context, "admin", undefined, (management) =>
      management.workspaces(),
    );
    return idAmong(rows, given);
  } catch (error) {
    if (!(error instanceof MoleculeError) || error.exitCode !== ExitCode.refused) throw error;
    throw new MoleculeError(`"${shown(given)}" is no id, and the platform shows no list of names`, {
      exitCode: ExitCode.refused,
      hint: "Give the id, a UUID; or an admin or organisation token, which may read the list (--api-token-file).",
      cause: error,
    });
  }
}

/**
 * Runs `work` on the workspace that is meant, with a client whose token fits what it needs. A token that is
 * refused because the workspace was removed is told as that (contract T10).
 */
export async function withWorkspace<T>(
  values: ApiValues & { readonly workspaceId: string },
  context: Context,
  needs: Needs,
  work: (management: Management, id: string, token: Token) => Promise<T>,
): Promise<T> {
  const id = await resolveWorkspace(values.workspaceId, values, context);
  return withManagement(values, context, needs, id, async (management, token) => {
    try {
      const done = await work(management, id, token);
      await rememberWorkspaces([{ id }], context.env);
      return done;
    } catch (error) {
      const removed = await removedInstead(error, management, id);
      if (removed !== undefined) await forgetWorkspaces([id], context.env);
      throw removed ?? error;
    }
  });
}

/**
 * The id of the one row that is meant. Throws a MoleculeError that says what there is instead. Names are
 * given by anybody, so one that is the beginning of another workspace's id stands before nothing.
 */
export function idAmong(rows: readonly JsonObject[], given: string): string {
  const known = new Map<string, string>();
  for (const row of rows) {
    const id = getString(row, "id");
    if (id !== undefined) known.set(id, getString(row, "name") ?? "");
  }
  const ids = [...known.keys()];
  const named = ids.filter((id) => known.get(id) === given);
  const found = [...new Set([...named, ...idsFor(ids, given)])];
  const [only] = found;
  if (only === undefined) {
    const near = nearest(given, [...known.values()]);
    throw new MoleculeError(`there is no workspace "${shown(given)}"`, {
      hint:
        near === undefined
          ? "molecule workspace list shows those that there are."
          : `Did you mean "${shown(near)}"?`,
    });
  }
  if (found.length === 1) return only;
  const all = found.map((id) => `${shown(id)} (${shown(known.get(id) ?? "")})`);
  throw new MoleculeError(`"${shown(given)}" may be any of ${found.length} workspaces`, {
    hint: `Give the id of one: ${all.join(", ")}`,
  });
}

/** Those that the text is the whole id of, or else the beginning. */
function idsFor(ids: readonly string[], given: string): string[] {
  if (ids.includes(given)) return [given];
  const beginning = given.toLowerCase();
  if (given.length < LEAST_ID) return [];
  return ids.filter((id) => id.toLowerCase().startsWith(beginning));
}

/** What a 401 or 404 really means, if the workspace was removed. */
async function removedInstead(
  error: unknown,
  management: Management,
  id: string,
): Promise<MoleculeError | undefined> {
  if (!(error instanceof PlatformError)) return undefined;
  if (error.verdict === "gone") return removedError(id, error);
  if (error.verdict !== "unauthorized" && error.failure.status !== 404) return undefined;
  const end = await management.workspace(id).catch((second: unknown) => second);
  const gone = end instanceof PlatformError && end.verdict === "gone";
  return gone ? removedError(id, end) : undefined;
}

function shown(text: string): string {
  return oneLine(text, 80);
}
