/** `molecule token revoke`: finds the token that is meant, asks, and ends it. */
import { rm } from "node:fs/promises";
import type { Context } from "../../cli/command.ts";
import { confirm } from "../../cli/confirm.ts";
import { MoleculeError, UsageError } from "../../shared/errors.ts";
import { getString, type JsonObject } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import { warn } from "../note.ts";
import { tell } from "../tell.ts";
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
      const row = meant(await list(), tokenId);
      const prefix = getString(row, "prefix") ?? "?";
      const kept = id === undefined ? undefined : await keptToken(values, id);
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
      const answer = await revoke(getString(row, "id") ?? tokenId);
      await tell(context, answer, `revoked ${prefix}…`);
      if (warning !== "") warn(context, warning.trim());
      if (kept !== undefined && isKept) await rm(kept.file, { force: true });
    },
  );
}

/** The one token whose id it is, or whose id or prefix begins so. */
function meant(rows: readonly JsonObject[], given: string): JsonObject {
  const begins = (row: JsonObject, key: string) => (getString(row, key) ?? "").startsWith(given);
  const exact = rows.filter((row) => getString(row, "id") === given);
  const found =
    exact.length > 0 ? exact : rows.filter((row) => begins(row, "id") || begins(row, "prefix"));
  const [only] = found;
  const shown = oneLine(given, 60);
  if (only === undefined) {
    throw new MoleculeError(`there is no token "${shown}"`, {
      hint: "molecule token list shows those that are alive.",
    });
  }
  if (found.length === 1) return only;
  throw new MoleculeError(`"${shown}" is the beginning of ${found.length} tokens`, {
    hint: `Give the id of one: ${found.map((row) => getString(row, "id")).join(", ")}`,
  });
}
