/** The flags of push mode: what they mean, and what can't be meant beside them. */
import type { Backend } from "../../backends/backend.ts";
import { ALLOW_ALL, type BridgeOptions } from "../../bridge/parts.ts";
import { kebab } from "../../cli/flag.ts";
import type { Context } from "../../cli/command.ts";
import { parseListen } from "../../push/listen-address.ts";
import type { PushOptions } from "../../push/parts.ts";
import { parsePublicUrl } from "../../push/public-url.ts";
import { UsageError } from "../../shared/errors.ts";
import { mayBeProxied } from "../../shared/proxy.ts";
import { parseAllowFrom } from "./allow-from.ts";
import type { ConnectFlags } from "./connect.ts";

/** Runs an hour that all pushed messages together may cause of a backend that costs money. */
const TURNS_AN_HOUR = 600;

/** Flags that say how messages are fetched. */
const POLLING = ["intervalMs", "sinceSecs", "wake", "once"] as const;
const PUSHING = ["listen", "publicUrl"] as const;

/** Throws a UsageError for flags that have no meaning in this mode, or that it can't be without. */
export function checkMode(values: ConnectFlags, context: Pick<Context, "source">): void {
  const given = (keys: readonly string[]) => keys.find((key) => context.source(key) === "flag");
  if (values.mode === "poll") {
    const pushing = given(PUSHING);
    if (pushing === undefined) return;
    throw new UsageError(
      `--${kebab(pushing)} has no meaning where messages are fetched`,
      "Add --mode push to have them pushed, or leave it out.",
    );
  }
  if (values.publicUrl === undefined) {
    throw new UsageError(
      "--mode push needs --public-url",
      "Give the address under which the platform reaches this machine, or leave --mode out: messages are then fetched, which needs no public address.",
    );
  }
  parsePublicUrl(values.publicUrl);
  const { canvas, peers } = parseAllowFrom(values.allowFrom) ?? ALLOW_ALL;
  if (!canvas || peers !== "all") {
    throw new UsageError(
      "--allow-from can't be kept to in push mode: the platform does not tell who sends",
      "Leave it out, or leave --mode push out.",
    );
  }
  // In a file it is meant for the other mode; here the task is shown all the same.
  if (values.progress === "notify" && given(["progress"]) !== undefined) {
    throw new UsageError(
      "--progress notify has no meaning in push mode: the platform does not tell whether the canvas user waits",
      "Take --progress task, or leave --mode push out.",
    );
  }
  const polling = given(POLLING);
  if (polling === undefined) return;
  throw new UsageError(
    `--${kebab(polling)} has no meaning in push mode: nothing is fetched`,
    "Leave it out, or leave --mode push out.",
  );
}

/** The options of a bridge in push mode; undefined in poll mode. After {@link checkMode}. */
export function pushOptions(
  values: ConnectFlags,
  options: BridgeOptions,
  apiUrl: URL,
  { costsMoney }: Pick<Backend, "costsMoney">,
  env: Context["env"],
): PushOptions | undefined {
  const listen = parseListen(values.listen);
  if (values.mode !== "push" || values.publicUrl === undefined || listen === undefined) {
    return undefined;
  }
  const publicUrl = parsePublicUrl(values.publicUrl);
  return {
    ...options,
    // A sender that nobody knows has no limit of its own.
    turnLimit: values.turnLimit ?? (costsMoney ? TURNS_AN_HOUR : 0),
    listen,
    publicUrl,
    isProxied: mayBeProxied(publicUrl, env),
    apiUrl,
  };
}
