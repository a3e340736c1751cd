/** `molecule token create`: one more token, on its way to where it goes. */
import type { Context } from "../../cli/command.ts";
import { PlatformError } from "../../platform/platform.ts";
import { MoleculeError, UsageError } from "../../shared/errors.ts";
import { getString, type JsonObject } from "../../shared/json.ts";
import { finishing, TOKEN_ONCE } from "../finishing.ts";
import { note } from "../show.ts";
import { connectWith, handOver, tokenIn } from "./handing.ts";
import type { CreateValues } from "./index.ts";
import { TokenKeeper } from "./keeper.ts";
import { withOwner } from "./owner.ts";

export async function run(values: CreateValues, context: Context): Promise<void> {
  checkUse(values);
  const keeper = await TokenKeeper.prepare(values, context);
  await withOwner(values, context, async ({ id, create }) => {
    if (id !== undefined) await keeper.expect(id);
    const kept = await finishing(context, TOKEN_ONCE, async () => {
      const answer = await create(values.name ?? "").catch((error: unknown) => {
        throw perhapsFull(error, values.org);
      });
      const token = tokenIn(context, answer);
      if (token === undefined) {
        throw new MoleculeError("the platform made a token, and its answer does not hold it", {
          hint: `${listOf(values.org)} shows it; revoke it, as nobody can use it.`,
        });
      }
      const kept = await keeper.keep(token, id);
      const facts: JsonObject =
        id === undefined
          ? { id: getString(answer, "id"), name: getString(answer, "name") }
          : { workspace: id };
      await handOver(context, answer, facts, token, keeper, kept);
      return kept;
    });
    if (id !== undefined && kept.files.length > 0) {
      note(context, `to connect with it: ${connectWith(context, id, kept)}`);
    }
  });
}

function checkUse({ org, save, name }: CreateValues): void {
  if (org && save) {
    throw new UsageError(
      "--save keeps the token of a workspace, for connect",
      "A token of the organisation goes to a file (--save-to) or is printed (--show-token).",
    );
  }
  if (org && name === undefined) {
    throw new UsageError(
      "a token of the organisation needs a name",
      "--name says what it is for, so that it can be told from others when it is to be revoked.",
    );
  }
  if (!org && name !== undefined) {
    throw new UsageError("--name goes with --org", "The tokens of a workspace have no names.");
  }
}

/** The platform says "too many" in two ways: this one has no time after which it passes (contract 3.4). */
function perhapsFull(error: unknown, org: boolean): unknown {
  if (!(error instanceof PlatformError)) return error;
  const { status, retryAfterMs, unknownOutcome } = error.failure;
  if (status === 429 && retryAfterMs === undefined) {
    return new MoleculeError(error.message, {
      hint: org
        ? "An organisation gets at most 10 new tokens in an hour: try again later."
        : "A workspace has at most 50 tokens: molecule token list shows them, and token revoke ends one.",
      cause: error,
    });
  }
  if (unknownOutcome !== true) return error;
  return new MoleculeError(`${error.message}; the token may have been made all the same`, {
    exitCode: error.exitCode,
    hint: `${listOf(org)} shows it, as the newest; revoke it, as nobody has seen it.`,
    cause: error,
  });
}

function listOf(org: boolean): string {
  return `molecule token list ${org ? "--org" : "WORKSPACE"}`;
}
