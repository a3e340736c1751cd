/** `molecule workspace rotate-token`: a new token in the place of all that there are. */
import { resolve } from "node:path";
import type { Context } from "../../cli/command.ts";
import { confirm } from "../../cli/confirm.ts";
import { PlatformError } from "../../platform/platform.ts";
import { MoleculeError } from "../../shared/errors.ts";
import { getString, type JsonObject } from "../../shared/json.ts";
import { realPath } from "../../shared/real-path.ts";
import { note, showWait, warn } from "../show.ts";
import { finishing, TOKEN_ONCE } from "../finishing.ts";
import { connectWith, handOver, tokenIn } from "../token/handing.ts";
import { type Kept, TokenKeeper } from "../token/keeper.ts";
import { withWorkspace } from "../which/resolve.ts";
import type { RotateValues } from "./rotate.ts";

export async function run(values: RotateValues, context: Context): Promise<void> {
  const keeper = await TokenKeeper.prepare(values, context, true);
  await withWorkspace(values, context, "workspace", async (platform, id) => {
    await keeper.expect(id);
    const name = getString(await platform.workspace(id), "name") ?? id;
    await confirm(
      `Give ${name} a new token? All that it has now are dead then: a bridge ends, unless it reads its token from a file that gets the new one.`,
      values.yes,
      context.io,
    );
    const kept = await finishing(context, TOKEN_ONCE, async () => {
      const answer = await showWait(context, "rotating the token", () =>
        platform.rotate(id).catch((error: unknown) => {
          throw perhapsRotated(error);
        }),
      );
      const token = tokenIn(context, answer);
      if (token === undefined) throw withoutToken();
      const kept = await keeper.keep(token, id);
      const facts: JsonObject = { id, name };
      await handOver(context, answer, facts, token, keeper, kept);
      return kept;
    });
    advise(values, context, id, kept);
  });
}

/** Who has to be told of the new token. */
function advise(values: RotateValues, context: Context, id: string, kept: Kept): void {
  const used = values.tokenFile === undefined ? undefined : resolve(values.tokenFile);
  if (used !== undefined && !kept.files.map(realPath).includes(realPath(used))) {
    warn(context, `the token file ${used} holds a dead token now`);
  }
  if (kept.outdated !== undefined) {
    warn(
      context,
      `${kept.outdated} holds a dead token now, and connect takes it where it is given no other: remove it`,
    );
  }
  const again = connectWith(context, id, kept);
  // A bridge looks again at the file that it was given, or at the one where its token was kept.
  const places = kept.files.join(" or ");
  note(
    context,
    places === ""
      ? `start its bridge again: ${again}`
      : `a bridge that reads its token from ${places} goes on with the new one; start any other again: ${again}`,
  );
}

function perhapsRotated(error: unknown): unknown {
  if (!(error instanceof PlatformError) || error.failure.unknownOutcome !== true) return error;
  return new MoleculeError(`${error.message}; the older tokens may be dead all the same`, {
    exitCode: error.exitCode,
    hint: "Rotate once more, with an admin token if the one of the workspace is refused by now.",
    cause: error,
  });
}

function withoutToken(): MoleculeError {
  return new MoleculeError("the platform rotated the token, and its answer holds no new one", {
    hint: "Rotate once more, with an admin token: the older ones are dead.",
  });
}
