/** From the credential flags to the token: a workspace's own, or the operator's. */
import type { Context } from "../../cli/command.ts";
import { kebab } from "../../cli/flag.ts";
import type { Log } from "../../cli/log.ts";
import { checkToken } from "../../platform/check-token.ts";
import { isReadableByOthers, Token } from "../../platform/token.ts";
import { UsageError } from "../../shared/errors.ts";
import { isFor } from "../../shared/kept-token.ts";
import { API_TOKEN, WORKSPACE_TOKEN } from "../../shared/secret-variables.ts";
import { shellWord } from "../../shared/shell-word.ts";
import { readToken } from "../../store/token-file.ts";
import { platformAddress } from "../platform-address.ts";

/**
 * The workspace's token by its sources, as {@link givenToken} has them. `kept` is the file of one that an
 * earlier registration was handed, or that was kept when it was made; it is used only when none was
 * given, and read again when the token is refused. One that is kept for another platform is not used, and
 * that is told. No I/O but reading the file.
 */
export async function resolveToken(
  values: { token: string | undefined; tokenFile: string | undefined },
  context: Context,
  log: Log,
  kept: string | undefined,
): Promise<Token> {
  const { secrets } = context.io;
  const given = await givenToken(OWN, values.token, values.tokenFile, context, log);
  if (given !== undefined) return given;
  const found = kept === undefined ? undefined : await readToken(kept);
  if (kept === undefined || found === undefined) return new Token(secrets, undefined, "nowhere");
  const platform = platformAddress(context);
  if (isFor(found, platform)) return Token.kept(kept, found.value, platform, secrets);
  secrets.add(found.value);
  const anyway = `--token-file ${shellWord(kept)} sends it all the same`;
  const text = `the token that is kept here is for ${found.platform}, and is not sent to ${platform}; ${anyway}`;
  warnOnce(context, log, text);
  return new Token(secrets, undefined, "nowhere");
}

/** The operator's token by its sources, as {@link givenToken} has them; undefined where none is given. */
export async function operatorToken(
  values: { apiToken: string | undefined; apiTokenFile: string | undefined },
  context: Context,
  log: Log,
): Promise<Token | undefined> {
  checkGiven(OPERATORS, context);
  return givenToken(OPERATORS, values.apiToken, values.apiTokenFile, context, log);
}

/** Refuses what can't be meant of the workspace's token. Before any I/O. */
export function checkCredentials(context: Context): void {
  checkGiven(OWN, context);
}

/** A secret that can be given itself, or as the file that holds it: both flags by their declared names. */
export interface Pair {
  readonly value: string;
  readonly file: string;
}

/** A kind of token, and its variable. */
interface Kind extends Pair {
  readonly variable: string;
}

const OWN: Kind = { value: "token", file: "tokenFile", variable: WORKSPACE_TOKEN };
const OPERATORS: Kind = { value: "apiToken", file: "apiTokenFile", variable: API_TOKEN };

/** Refuses both flags at once. Before any I/O. */
export function checkGiven({ value, file }: Pair, context: Context): void {
  if (context.source(value) !== "flag" || context.source(file) !== "flag") return;
  throw new UsageError(
    `--${kebab(value)} and --${kebab(file)} were both given`,
    "Give one of them.",
  );
}

/** Whether the file is nearer than the value: a flag goes before a variable. */
export function isFileNearer({ value, file }: Pair, context: Context): boolean {
  return context.source(value) === "env" && context.source(file) === "flag";
}

/**
 * A token of that kind, the nearest source first: a flag before a variable, and where both are given the
 * same way, the value before the file. Undefined where there is none. Where others may read it, that
 * is warned of, once in a command.
 */
async function givenToken(
  kind: Kind,
  value: string | undefined,
  file: string | undefined,
  context: Context,
  log: Log,
): Promise<Token | undefined> {
  const { secrets } = context.io;
  const [flag, fileFlag] = [`--${kebab(kind.value)}`, `--${kebab(kind.file)}`];
  if (value !== undefined && !isFileNearer(kind, context)) {
    const isTyped = context.source(kind.value) === "flag";
    if (isTyped) {
      const safer = `${kind.variable} or ${fileFlag} is safer`;
      warnOnce(context, log, `${flag} can be read by others on this machine; ${safer}`);
    }
    const origin = isTyped ? flag : kind.variable;
    return new Token(secrets, checkToken(value, origin), origin);
  }
  if (file === undefined) return undefined;
  const found = await Token.fromFile(file, secrets);
  if (await isReadableByOthers(file)) {
    const mends = "chmod 600 mends it";
    warnOnce(context, log, `others on this machine can read the token file ${file}; ${mends}`);
  }
  return found;
}

/** A command may ask for its token again, for each call of another kind. */
const warned = new WeakMap<Context, Set<string>>();

function warnOnce(context: Context, log: Log, text: string): void {
  const told = warned.get(context) ?? new Set();
  warned.set(context, told);
  if (told.has(text)) return;
  told.add(text);
  log.warn(text);
}
