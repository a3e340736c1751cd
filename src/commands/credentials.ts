/** From the credential flags to the token. */
import type { Context } from "../cli/command.ts";
import type { Log } from "../cli/log.ts";
import { checkToken } from "../platform/check-token.ts";
import { isReadableByOthers, Token } from "../platform/token.ts";
import { UsageError } from "../shared/errors.ts";
import { readToken } from "../store/token-file.ts";
import { WORKSPACE_TOKEN } from "./secret-variables.ts";

/**
 * The token by its sources, the nearest first: a flag before a variable, and where both are given
 * the same way, the value before the file. `kept` is the file of one that an earlier registration was
 * handed, or that was kept when it was made; it is used only when none was given, and read again when the
 * token is refused. No I/O but reading the file.
 */
export async function resolveToken(
  values: { token: string | undefined; tokenFile: string | undefined },
  context: Context,
  log: Log,
  kept: string | undefined,
): Promise<Token> {
  const { secrets } = context.io;
  const given = { token: context.source("token"), file: context.source("tokenFile") };
  const { token, tokenFile } = values;
  if (token !== undefined && !(given.token === "env" && given.file === "flag")) {
    if (given.token === "flag") {
      log.warn(
        `--token can be read by others on this machine; ${WORKSPACE_TOKEN} or --token-file is safer`,
      );
    }
    const origin = given.token === "flag" ? "--token" : WORKSPACE_TOKEN;
    return new Token(secrets, checkToken(token, origin), origin);
  }
  if (tokenFile !== undefined) {
    const found = await Token.fromFile(tokenFile, secrets);
    if (await isReadableByOthers(tokenFile)) {
      log.warn(`others on this machine can read the token file ${tokenFile}; chmod 600 mends it`);
    }
    return found;
  }
  const value = kept === undefined ? undefined : await readToken(kept);
  return kept === undefined || value === undefined
    ? new Token(secrets, undefined, "nowhere")
    : Token.kept(kept, value, secrets);
}

/** Refuses what can't be meant. Before any I/O. */
export function checkCredentials(context: Context): void {
  if (context.source("token") === "flag" && context.source("tokenFile") === "flag") {
    throw new UsageError("--token and --token-file were both given", "Give one of them.");
  }
}
