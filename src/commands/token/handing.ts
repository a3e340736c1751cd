/** How a token that the platform has just made reaches the operator. */
import type { Context } from "../../cli/command.ts";
import { MoleculeError } from "../../shared/errors.ts";
import { getString, type JsonObject } from "../../shared/json.ts";
import { connectCommand } from "../connect-command.ts";
import { GLOBALS } from "../globals.ts";
import { show } from "../show.ts";
import type { Kept, TokenKeeper } from "./keeper.ts";

/** The token in the platform's answer (contract 3.1, 3.4), masked in all output from here on. */
export function tokenIn(context: Context, answer: JsonObject): string | undefined {
  const connection = answer["connection"];
  const token = getString(answer, "auth_token") ?? getString(connection, "auth_token");
  context.io.secrets.add(token);
  return token;
}

/**
 * Prints the platform's answer, with `token_file` where the token was written; the table shows `facts` in its place.
 * The token itself can be read in it only where that was asked for, or where it could not be kept;
 * the latter then rejects with the reason.
 */
export async function handOver(
  context: Context,
  answer: JsonObject,
  facts: JsonObject,
  token: string | undefined,
  keeper: Pick<TokenKeeper, "show">,
  { files, problem }: Kept,
): Promise<void> {
  const format = context.get(GLOBALS.output);
  const [file] = files;
  const readable =
    token !== undefined && (keeper.show || (problem !== undefined && file === undefined));
  const shown = readable ? token : undefined;
  const data =
    format === "table"
      ? { ...facts, ...(readable ? { token: shown } : {}), ...fileOf("token file", file) }
      : { ...answer, ...fileOf("token_file", file) };
  if (shown === undefined) await show(context, data);
  else await showWith(context, shown, data);
  if (problem === undefined) return;
  throw new MoleculeError(
    `${problem.message}; ${file === undefined ? "the token stands above: it is shown only this once" : `the token is in ${file}`}`,
    { hint: problem.hint, cause: problem },
  );
}

/**
 * The command line that connects with the token: with its file where connect would take another one, or
 * with a word for one that the operator has to make.
 */
export function connectWith(context: Context, id: string, { files, found }: Kept): string {
  const preset = ["token", "tokenFile"].some(
    (name) => !["flag", "unset"].includes(context.source(name)),
  );
  return connectCommand(context, id, found && !preset ? undefined : (files[0] ?? "FILE"));
}

/** Prints the data with this one secret readable. */
function showWith(context: Context, secret: string, data: JsonObject): Promise<void> {
  const { io } = context;
  const out = (text: string) => io.reveal(text, secret);
  const mask = (text: string) => io.secrets.mask(text, secret);
  return show({ ...context, io: { ...io, out } }, data, undefined, { mask });
}

function fileOf(key: string, file: string | undefined): JsonObject {
  return file === undefined ? {} : { [key]: file };
}
