/** From the credential flags to the token. */
import type { Context } from "../cli/command.ts";
import type { Log } from "../cli/log.ts";
import { checkToken } from "../platform/check-token.ts";
import { isReadableByOthers, Token } from "../platform/token.ts";
import { UsageError } from "../shared/errors.ts";
import { WORKSPACE_TOKEN } from "./credential-flags.ts";

/**
 * The token by its sources, the nearest first: a flag before a variable, and where both are given
 * the same way, the value before the file. `stored` is one that an earlier registration was handed;
 * it is used only when none was given. No I/O but reading the file.
 */
export async function resolveToken(
  values: { token: string | undefined; tokenFile: string | undefined },
  context: Context,
  log: Log,
  stored: () => Promise<string | undefined>,
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
  const kept = await stored();
  if (kept === undefined) return new Token(secrets, undefined, "nowhere");
  return new Token(secrets, checkToken(kept, "the stored token"), "an earlier registration");
}

/** Refuses what can't be meant. Before any I/O. */
export function checkCredentials(context: Context): void {
  if (context.source("token") === "flag" && context.source("tokenFile") === "flag") {
    throw new UsageError("--token and --token-file were both given", "Give one of them.");
  }
}
