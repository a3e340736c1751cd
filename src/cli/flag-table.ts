import { nearest } from "../shared/nearest.ts";
import { BUILT_IN_FLAGS } from "./built-in.ts";
import { type Flag, type Flags, kebab } from "./flag.ts";

/** A flag under the name of its value, and under the one that is typed. */
export interface Entry {
  readonly key: string;
  /** Without dashes: `max-attempts`. */
  readonly name: string;
  readonly flag: Flag;
}

/** The flags that are known at some point of a command line. */
export class FlagTable {
  readonly #long = new Map<string, Entry>();
  readonly #short = new Map<string, Entry>();

  /** Throws a plain Error if two flags share a name or letter: the declarations are wrong. */
  constructor(...sets: readonly Flags[]) {
    for (const flags of sets) this.add(flags);
  }

  add(flags: Flags): void {
    for (const [key, flag] of Object.entries(flags)) {
      const name = kebab(key);
      if (!/^(?!no[A-Z])[a-z][A-Za-z0-9]*$/.test(key) || BUILT_IN.includes(name)) {
        throw new Error(`"${key}" can't be the name of a flag`);
      }
      const entry = { key, name, flag };
      claim(this.#long, name, entry);
      if (flag.alias !== undefined) claim(this.#short, flag.alias, entry);
    }
  }

  remove(flags: Flags): void {
    for (const [key, { alias }] of Object.entries(flags)) {
      this.#long.delete(kebab(key));
      if (alias !== undefined) this.#short.delete(alias);
    }
  }

  long(name: string): Entry | undefined {
    return this.#long.get(name);
  }

  short(letter: string): Entry | undefined {
    return this.#short.get(letter);
  }

  entries(): Iterable<Entry> {
    return this.#long.values();
  }

  /** The name that was most likely meant by one that is unknown. */
  nearest(name: string): string | undefined {
    const names = [...this.#long.keys(), ...BUILT_IN];
    const booleans = [...this.#long.values()].filter(({ flag }) => flag.kind === "boolean");
    return nearest(name, [...names, ...booleans.map((entry) => `no-${entry.name}`)]);
  }
}

const BUILT_IN = BUILT_IN_FLAGS.map(({ name }) => name);

function claim(map: Map<string, Entry>, name: string, entry: Entry): void {
  if (map.has(name)) throw new Error(`the flag "${name}" is declared twice`);
  map.set(name, entry);
}
