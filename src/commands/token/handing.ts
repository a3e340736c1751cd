/** How a token that the platform has just made reaches the operator. */
import type { Context } from "../../cli/command.ts";
import { isIssuedToken } from "../../shared/issued-token.ts";
import { messageOf, MoleculeError } from "../../shared/errors.ts";
import { getString, type JsonObject } from "../../shared/json.ts";
import { connectCommand } from "../connect-command.ts";
import { GLOBALS } from "../globals.ts";
import { show } from "../show.ts";
import type { Kept, TokenKeeper } from "./keeper.ts";

/**
 * The token in the platform's answer (contract 3.1, 3.4), masked in all output from here on. Throws a
 * MoleculeError for what can be none.
 */
export function tokenIn(context: Context, answer: JsonObject): string | undefined {
  const connection = answer["connection"];
  const token = getString(answer, "auth_token") ?? getString(connection, "auth_token");
  if (token !== undefined && !isIssuedToken(token)) {
    throw new MoleculeError(
      "the platform's answer holds something else in the place of the token",
      {
        hint: "What was asked for may be done all the same. Check --api-url, or what answers in the platform's place.",
      },
    );
  }
  context.io.secrets.add(token);
  // An answer of the right shape has but one.
  context.io.secrets.add(getString(connection, "auth_token"));
  return token;
}

/**
 * Prints the platform's answer, with the id and name of `facts`, and `token_file` where the token was written; the
 * table shows the facts alone. The token itself can be read in it only where that was asked for, or where it could not be
 * kept; the latter then rejects with the reason. One that is in no file and could not be printed
 * either is told on standard error.
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
      : { ...beside(facts, answer), ...fileOf("token_file", file) };
  try {
    if (shown === undefined) await show(context, data);
    else await showWith(context, shown, data);
  } catch (error) {
    throw unprinted(context, error, shown, file);
  }
  if (shown !== undefined && file === undefined && context.io.isDiscarded?.() === true) {
    throw unprinted(context, new Error("standard output goes nowhere"), shown, file);
  }
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

/** The error for an answer that was not printed, once its token is where it can be seen. */
function unprinted(
  context: Context,
  error: unknown,
  token: string | undefined,
  file: string | undefined,
): unknown {
  if (token === undefined || file !== undefined) {
    if (file === undefined || !(error instanceof MoleculeError)) return error;
    const { exitCode, hint } = error;
    const message = `${error.message}; the token is in ${file}`;
    return new MoleculeError(message, { exitCode, hint, cause: error });
  }
  context.io.revealLine(`the token, which is shown only this once: ${token}`, token);
  return new MoleculeError(`the token could not be printed: ${messageOf(error)}`, {
    hint: "It stands above, on standard error.",
    cause: error,
  });
}

/** Prints the data with this one secret readable. */
function showWith(context: Context, secret: string, data: JsonObject): Promise<void> {
  const { io } = context;
  const out = (text: string) => io.reveal(text, secret);
  const mask = (text: string) => io.secrets.mask(text, secret);
  return show({ ...context, io: { ...io, out } }, data, undefined, { mask });
}

/** The platform's own fields, behind what it may not say of the workspace: its id and name. */
function beside({ id, name }: JsonObject, answer: JsonObject): JsonObject {
  const of = { ...(id === undefined ? {} : { id }), ...(name === undefined ? {} : { name }) };
  return { ...of, ...answer, ...of };
}

function fileOf(key: string, file: string | undefined): JsonObject {
  return file === undefined ? {} : { [key]: file };
}
