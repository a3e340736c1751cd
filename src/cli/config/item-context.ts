/** What one item of a list makes of a command: its values, and a context that tells where they came from. */
import type { Context, Source } from "../command.ts";
import { type Flag, type Flags, kebab } from "../flag.ts";
import { readValue } from "../value.ts";
import type { ConfigItem, ConfigList } from "./config.ts";
import { snake } from "./variables.ts";

/** A command as it is for one item. */
export interface ItemView {
  /** Those of the flags that were asked for. */
  readonly values: Record<string, unknown>;
  /** Knows the values, and where they came from. */
  readonly context: Context;
}

/**
 * The values of those `flags` of the command that an item may set, too: a flag of the command line stands before the item, and the item before a
 * variable and what else stands in files. Options belong to what they are options of, as in a file: with
 * another one than was meant where they stand, they have no meaning.
 */
export function itemView(
  context: Context,
  list: Pick<ConfigList, "kind" | "above">,
  item: ConfigItem,
  flags: Flags,
): ItemView {
  const mine = new Map<string, { flag: Flag; value: unknown; origin: string; source: Source }>();
  for (const [name, flag] of Object.entries(flags)) {
    const found = item.values.get(snake(name));
    if (found === undefined || isGiven(context, name)) continue;
    const { texts, origin } = found;
    const values = texts.map((text) => readValue(flag, text, origin, context.io.secrets));
    const value = flag.kind === "strings" ? values : values[0];
    mine.set(name, { flag, value, origin, source: list.kind });
  }
  for (const [name, flag] of Object.entries(flags)) {
    const owner = ownerOf(flag, flags);
    if (owner === undefined || isGiven(context, name)) continue;
    const now = mine.get(owner.name)?.value ?? context.get(owner.flag);
    const written = item.values.get(snake(owner.name))?.texts[0];
    const inFile = written ?? list.above(snake(owner.name)) ?? owner.flag.fallback;
    const then = mine.has(name) ? inFile : context.get(owner.flag);
    if (now !== then) mine.set(name, { flag, value: [], origin: "", source: "unset" });
  }
  const byFlag = new Map([...mine.values()].map((one) => [one.flag, one.value]));
  return {
    values: Object.fromEntries([...mine].map(([name, { value }]) => [name, value])),
    context: {
      ...context,
      get: <T>(flag: Flag<T>): T =>
        byFlag.has(flag) ? (byFlag.get(flag) as T) : context.get(flag),
      source: (name) => mine.get(name)?.source ?? context.source(name),
      origin: (name) => {
        const own = mine.get(name);
        return own === undefined ? context.origin(name) : own.origin || undefined;
      },
    },
  };
}

/** Only on the command line itself: a variable holds for all items, and so counts less than one of them. */
function isGiven(context: Context, name: string): boolean {
  return context.source(name) === "flag";
}

/** The flag that these are the options of. */
function ownerOf({ complete }: Flag, flags: Flags): { name: string; flag: Flag } | undefined {
  if (typeof complete !== "object" || !("by" in complete)) return undefined;
  const { by } = complete;
  const found = Object.entries(flags).find(([name]) => kebab(name) === by);
  return found === undefined ? undefined : { name: found[0], flag: found[1] };
}
