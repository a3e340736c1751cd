/** `molecule workspace update`: what is given, in one call or two. */
import type { Context } from "../../cli/command.ts";
import { MoleculeError, messageOf, UsageError } from "../../shared/errors.ts";
import { get, type JsonObject } from "../../shared/json.ts";
import { note, tell } from "../show.ts";
import { resolveWorkspace, withWorkspace } from "../which/resolve.ts";
import type { UpdateValues } from "./update.ts";

export async function run(values: UpdateValues, context: Context): Promise<void> {
  const given = (name: string) => context.source(name) !== "unset";
  const fields: JsonObject = {
    ...(values.name === undefined ? {} : { name: values.name }),
    ...(values.role === undefined ? {} : { role: values.role }),
  };
  const rights: JsonObject = {
    ...(given("talkToUser") ? { talk_to_user_enabled: values.talkToUser } : {}),
    ...(given("broadcast") ? { broadcast_enabled: values.broadcast } : {}),
  };
  const { parent, root } = values;
  if (root && parent !== undefined) {
    throw new UsageError(
      "--root and --parent were both given",
      "A workspace is at the root, or below another one.",
    );
  }
  if (root) fields["parent_id"] = null;
  if (parent === undefined && Object.keys({ ...fields, ...rights }).length === 0) {
    throw new UsageError("nothing is to be changed", "Its help names what can be.");
  }
  if (parent !== undefined) {
    fields["parent_id"] = await resolveWorkspace(parent, values, context);
  }
  const needs = Object.keys(rights).length > 0 ? "admin" : "workspace";
  await withWorkspace(values, context, needs, async (platform, id) => {
    const changed = Object.keys(fields).length > 0;
    let answer: JsonObject = {};
    if (changed) answer = await platform.changeWorkspace(id, fields);
    if (Object.keys(rights).length > 0) {
      const abilities = platform.changeAbilities(id, rights);
      answer = {
        ...answer,
        ...(await abilities.catch((error: unknown) => halfway(changed, error))),
      };
    }
    if (get(answer, "needs_restart") === true) {
      note(context, `it holds once the agent is restarted: molecule workspace restart ${id}`);
    }
    const { name } = values;
    await tell(context, answer, `changed ${id}`, { id, ...(name === undefined ? {} : { name }) });
  });
}

function halfway(changed: boolean, error: unknown): never {
  if (!changed || !(error instanceof MoleculeError)) throw error;
  throw new MoleculeError(`the fields were changed, and the rights were not: ${messageOf(error)}`, {
    exitCode: error.exitCode,
    hint: error.hint,
    cause: error,
  });
}
