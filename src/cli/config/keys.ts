/** The keys of config files: they are the names of flags, with underscores. */
import { nearest } from "../../shared/nearest.ts";
import { oneLine } from "../../shared/text.ts";
import { type Cli, commandAt, type Node } from "../command.ts";
import { loadAll, walk } from "../tree.ts";
import { type Flag, type Flags, kebab } from "../flag.ts";
import { snake } from "./variables.ts";

/** A flag that a file may set. */
export interface ConfigKey {
  /** `api_url`. */
  readonly key: string;
  /** Of the value: `apiUrl`. */
  readonly name: string;
  readonly flag: Flag;
}

/** Every key of a program, those of all commands first. Their declarations are loaded for it. */
export async function allKeys({
  root,
  globals,
}: Pick<Cli, "root" | "globals">): Promise<ConfigKeys> {
  await loadAll(root);
  return new ConfigKeys([globals, ...walk(root).map(({ node }) => ownOf(node))]);
}

function ownOf(node: Node): Flags {
  const { args = {}, lists = {} } = commandAt(node) ?? {};
  return { ...args, ...lists };
}

/** Keys enough to judge those that are wanted: where the command has them, no other has to be loaded. */
export async function keysFor(
  wanted: readonly string[],
  cli: Pick<Cli, "root" | "globals">,
  own: Flags,
): Promise<ConfigKeys> {
  const near = new ConfigKeys([cli.globals, own]);
  return wanted.every((key) => near.get(key) !== undefined) ? near : allKeys(cli);
}

/** The keys of some flags, in the order of their declarations. */
export class ConfigKeys {
  readonly #keys = new Map<string, ConfigKey>();
  /** Flags that no file may set. */
  readonly #others = new Map<string, ConfigKey>();

  constructor(sets: readonly Flags[]) {
    for (const flags of sets) this.#add(flags);
  }

  get(key: string): ConfigKey | undefined {
    return this.#keys.get(key);
  }

  /** Those that may stand in a file. */
  all(): ConfigKey[] {
    return [...this.#keys.values()];
  }

  /** Secrets, which never stand in one. */
  secrets(): ConfigKey[] {
    return [...this.#others.values()].filter(({ flag }) => flag.secret);
  }

  /** What is wrong with a key that is none, and what to do. */
  fault(key: string): { message: string; hint: string | undefined } {
    const other = this.#others.get(key);
    const shown = oneLine(key, 60);
    if (other?.flag.secret === true) {
      const file = this.#keys.has(`${key}_file`);
      return {
        message: `"${shown}" is not read: a secret does not belong in a config file`,
        hint: `${file ? `${key}_file names a file that holds it` : "Use its flag or variable"}. If others could read this one, change that secret.`,
      };
    }
    if (other !== undefined) {
      return {
        message: `"${shown}" can't be set in a config file`,
        hint: `It is said anew each time: --${kebab(other.name)}.`,
      };
    }
    const near = nearest(snake(key), this.#keys.keys());
    return {
      message: `there is no key "${shown}"`,
      hint: near && `Did you mean "${near}"?`,
    };
  }

  #add(flags: Flags): void {
    for (const [name, flag] of Object.entries(flags)) {
      const key = snake(name);
      const to = flag.config === undefined ? this.#others : this.#keys;
      if (!to.has(key)) to.set(key, { key, name, flag });
    }
  }
}
