/** A list that config files may hold, and no command line: `workspaces`, each with settings of its own. */
import type { ConfigUse, Flag, Flags } from "./flag.ts";

export interface ListSpec {
  /** One phrase, without a full stop. */
  summary: string;
  /** The name of the value that every item has, and no two have the same. */
  key: string;
  /** What an item may set. Paths are relative to the file; none is secret. */
  flags: Flags;
  config: ConfigUse;
}

/**
 * Declares a list for {@link CommandSpec.lists}. Throws a plain Error where no flag has the name of the key, or
 * one could not stand in a file.
 */
export function list({ summary, key, flags, config }: ListSpec): Flag<undefined> {
  if (!Object.hasOwn(flags, key)) throw new Error(`an item has no "${key}"`);
  for (const [name, { config: use }] of Object.entries(flags)) {
    if (use === undefined) throw new Error(`"${name}" can't stand in a config file`);
  }
  return {
    kind: "items",
    type: "string",
    description: summary,
    secret: false,
    advanced: true,
    config,
    items: { key, flags },
    fallback: undefined,
  };
}
