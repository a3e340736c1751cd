/** What several workspaces of one process can't have in common. */
import { parseListen } from "../../push/listen-address.ts";
import { count } from "../../shared/count.ts";
import { UsageError } from "../../shared/errors.ts";
import type { Chosen } from "./workspaces.ts";

/** Throws a UsageError where two workspaces would take the same token, listen at one place, or be reached there. */
export function checkTogether(all: readonly Chosen[]): void {
  if (all.length < 2) return;
  checkTokens(all);
  const pushed = all.filter(({ flags }) => flags.mode === "push");
  const listens = pushed.filter(({ flags }) => parseListen(flags.listen)?.port !== 0);
  refuseTwice(listens, "listen", ({ flags }) => flags.listen);
  refuseTwice(pushed, "public_url", ({ flags }) => flags.publicUrl);
}

/** One that is given for the whole process can be the token of one workspace alone. */
function checkTokens(all: readonly Chosen[]): void {
  const sharing = all.filter(
    ({ flags, hasToken }) => !hasToken && (flags.token ?? flags.tokenFile) !== undefined,
  );
  const [first] = sharing;
  if (first === undefined || sharing.length < 2) return;
  const { flags, context } = first;
  const origin = context.origin(flags.token === undefined ? "tokenFile" : "token");
  throw new UsageError(
    `the token of ${origin} is one workspace's, and ${count(sharing.length, "workspace")} would take it`,
    "List them under 'workspaces:' in a config file, each with its token_file or token_env. One whose token is kept in the state folder needs none.",
  );
}

function refuseTwice(
  pushed: readonly Chosen[],
  key: string,
  of: (one: Chosen) => string | undefined,
): void {
  const seen = new Map<string, string>();
  for (const one of pushed) {
    const value = of(one);
    if (value === undefined) continue;
    const other = seen.get(value);
    if (other !== undefined) {
      throw new UsageError(
        `${other} and ${one.id} can't both have the ${key} ${value}`,
        `In push mode each workspace has an address of its own: set ${key} for each in the list of a config file.`,
      );
    }
    seen.set(value, one.id);
  }
}
