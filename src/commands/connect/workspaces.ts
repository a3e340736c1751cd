/** Which workspaces are answered, and with which settings: those of the command line, or of a config's list. */
import type { Context } from "../../cli/command.ts";
import type { ConfigItem, ConfigList } from "../../cli/config/config.ts";
import { itemView } from "../../cli/config/item-context.ts";
import { UsageError } from "../../shared/errors.ts";
import { checkCredentials } from "../access/credentials.ts";
import { requireUuid } from "../which/workspace-id.ts";
import type { ConnectFlags, ConnectValues } from "./connect.ts";
import { ownFlags } from "./connect-flags.ts";
import { checkMode } from "./connect-push.ts";
import { checkTogether } from "./together.ts";

/** One workspace as it is to be answered. */
export interface Chosen {
  readonly id: string;
  /** A flag stands before the list's entry, that before a variable, and that before the rest of the file. */
  readonly flags: ConnectFlags;
  /** Tells where those came from. */
  readonly context: Context;
  /** The token's variable, where the entry names one that counts. */
  readonly tokenEnv: string | undefined;
  /** Where its entry begins: `./molecule.yaml:7`. */
  readonly origin: string | undefined;
  /** The entry says where its token lies. */
  readonly hasToken: boolean;
  /** Why the environment that this is keeps it from being answered, and it alone; thrown once it is begun with. */
  readonly fault: UsageError | undefined;
}

/**
 * The workspaces, each once, in their order. Rejects with a UsageError for what can't be meant, and for the fault
 * of one that is alone; no I/O but for the names in its hint.
 */
export async function chooseWorkspaces(
  { workspaceId: words, ...flags }: ConnectValues,
  context: Context,
): Promise<Chosen[]> {
  const named: string[] = [];
  for (const word of words) {
    const id = await requireUuid(word, context.env);
    if (named.includes(id)) throw new UsageError(`${id} is named twice`, "Name it once.");
    named.push(id);
  }
  const list = context.list("workspaces");
  const listed = new Map((list?.items ?? []).map((item) => [idOf(item), item]));
  if (named.length === 0 && list === undefined) throw noneNamed();
  const isWanted = named.length === 0 || named.some((id) => listed.has(id));
  if (isWanted && list?.refusal !== undefined) throw list.refusal;
  const ids = named.length === 0 ? [...listed.keys()] : named;
  if (ids.length === 0) {
    throw new UsageError(
      `the list at ${list?.origin} holds no workspace`,
      "Add an entry with an 'id', or name a workspace on the command line.",
    );
  }
  const all = ids.map((id) => chosen(id, flags, context, list, listed.get(id)));
  for (const one of all) {
    within(one, all, () => {
      checkMode(one.flags, one.context);
      checkCredentials(one.context);
    });
  }
  checkTogether(all);
  const [only] = all;
  if (all.length === 1 && only?.fault !== undefined) throw only.fault;
  return all;
}

/** Does what may throw a UsageError, which then says which of the workspaces it speaks of. */
export function within<T>(one: Chosen, all: readonly Chosen[], work: () => T): T {
  try {
    return work();
  } catch (error) {
    const place = one.origin ?? (all.length > 1 ? one.id : undefined);
    if (place === undefined || !(error instanceof UsageError)) throw error;
    throw new UsageError(`${place}: ${error.message}`, error.hint);
  }
}

function chosen(
  id: string,
  flags: ConnectFlags,
  context: Context,
  list: ConfigList | undefined,
  item: ConfigItem | undefined,
): Chosen {
  if (list === undefined || item === undefined) {
    return { id, flags, context, origin: undefined, ...NO_TOKEN };
  }
  const { origin, values } = item;
  const view = itemView(context, list, item, ownFlags);
  const merged = { ...flags, ...view.values } as ConnectFlags;
  const [variable, file] = [values.get("token_env"), values.get("token_file")];
  if (variable !== undefined && file !== undefined) {
    throw new UsageError(
      `${variable.origin}: token_env and token_file are both set for one workspace`,
      "Leave one of them out.",
    );
  }
  // What is typed stands before the entry; what a variable holds does not.
  const typed = ["token", "tokenFile"].some((name) => context.source(name) === "flag");
  if (typed || (variable ?? file) === undefined) {
    return { id, flags: merged, context: view.context, origin, ...NO_TOKEN };
  }
  const name = variable?.texts[0];
  const isUnset = name !== undefined && !context.env[name];
  const tokenFile = name === undefined ? merged.tokenFile : undefined;
  return {
    id,
    flags: { ...merged, token: undefined, tokenFile },
    context: view.context,
    tokenEnv: name,
    origin,
    hasToken: true,
    fault: isUnset ? unset(variable?.origin) : undefined,
  };
}

/** Of one whose entry, where it has one, says nothing of a token. */
const NO_TOKEN = { tokenEnv: undefined, hasToken: false, fault: undefined };

function unset(origin: string | undefined): UsageError {
  return new UsageError(
    `${origin}: the variable that token_env names is not set`,
    "It has to hold the token of the workspace, in the environment that the bridge is started with.",
  );
}

function idOf({ values }: ConfigItem): string {
  return (values.get("id")?.texts[0] ?? "").toLowerCase();
}

function noneNamed(): UsageError {
  return new UsageError(
    "no workspace is named",
    "Give its id ('molecule connect <workspace-id>'), or list workspaces in a config file: 'workspaces:', and below it '- id: …' for each.",
  );
}
