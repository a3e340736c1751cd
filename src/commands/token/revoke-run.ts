/** `molecule token revoke`: finds the token that is meant, asks, and ends it. */
import { rm } from "node:fs/promises";
import type { Context } from "../../cli/command.ts";
import { confirm } from "../../cli/confirm.ts";
import { messageOf, MoleculeError, UsageError } from "../../shared/errors.ts";
import { getString, type JsonObject } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import { tell, warn } from "../show.ts";
import type { RevokeValues } from "./index.ts";
import { keptToken, startsWith } from "./ours.ts";
import { withOwner } from "./owner.ts";

export async function run(values: RevokeValues, context: Context): Promise<void> {
  const { org, workspaceOrToken: first } = values;
  const tokenId = org ? first : values.tokenId;
  if (tokenId === undefined || (org && values.tokenId !== undefined)) {
    throw new UsageError(
      org ? "with --org only the token is named" : "it is not said which token",
      org ? "molecule token revoke TOKEN --org" : "molecule token revoke WORKSPACE TOKEN",
    );
  }
  const workspaceId = org ? undefined : first;
  await withOwner(
    { ...values, workspaceId },
    context,
    async ({ id, name, token, list, revoke }) => {
      const row = meant(await list(), tokenId, org ? "--org" : (id ?? ""));
      const prefix = oneLine(getString(row, "prefix") ?? "?", 40);
      const kept = id === undefined ? undefined : await keptToken(values, id, context);
      const isKept = startsWith(kept?.value, row);
      const warning = startsWith(token.value, row)
        ? " It looks like the one that this command itself uses."
        : isKept
          ? " It looks like the one that is kept here for connect."
          : "";
      await confirm(
        `Revoke the token ${prefix}… of ${await name()}?${warning} What uses it is refused from then on.`,
        values.yes,
        context.io,
      );
      const revoked = getString(row, "id") ?? "";
      const answer = await revoke(revoked);
      await tell(context, answer, `revoked the token ${prefix}… (${oneLine(revoked, 60)})`);
      if (warning !== "") warn(context, warning.trim());
      if (kept === undefined || !isKept) return;
      await rm(kept.file, { force: true }).catch((error: unknown) => {
        warn(
          context,
          `${kept.file} holds a dead token now, and can't be removed: ${messageOf(error)}`,
        );
      });
    },
  );
}

/** Fewer characters of an id or a token are hit by chance. */
const LEAST = 4;

/**
 * The one token whose id it is, whose id or prefix begins so, or that is called so: those of an organisation have
 * names. Throws a MoleculeError where there is none or several. `whose`: as `token list` is told whose to show.
 */
export function meant(all: readonly JsonObject[], given: string, whose = "WORKSPACE"): JsonObject {
  const rows = all.filter((row) => (getString(row, "id") ?? "") !== "");
  const begins = (row: JsonObject, key: string) => (getString(row, key) ?? "").startsWith(given);
  const exact = rows.filter((row) => getString(row, "id") === given);
  const called = rows.filter((row) => getString(row, "name") === given);
  const shown = oneLine(given, 60);
  if (exact.length + called.length === 0 && given.length < LEAST) {
    throw new UsageError(
      `"${shown}" is too short to tell a token by`,
      `Give its id, or at least the first ${LEAST} characters of that or of the token.`,
    );
  }
  const begun = (row: JsonObject) =>
    given.length >= LEAST && (begins(row, "id") || begins(row, "prefix"));
  const found = exact.length > 0 ? exact : rows.filter((row) => called.includes(row) || begun(row));
  const [only] = found;
  if (only === undefined) {
    throw new MoleculeError(`there is no token "${shown}"`, {
      hint: `molecule token list ${whose} shows those that are alive.`,
    });
  }
  if (found.length === 1) return only;
  throw new MoleculeError(
    `"${shown}" is the ${called.length > 0 ? "name or the " : ""}beginning of ${found.length} tokens`,
    {
      hint: `Give the id of one: ${found.map((row) => oneLine(getString(row, "id") ?? "", 60)).join(", ")}`,
    },
  );
}
