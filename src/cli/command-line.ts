import { UsageError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";
import type { Secrets } from "../shared/secrets.ts";
import { oneLine } from "../shared/text.ts";
import { type Cli, type Command, commandAt, type Env, type Node } from "./command.ts";
import { loadAll, walk } from "./tree.ts";
import { type Entry, FlagTable } from "./flag-table.ts";

/**
 * What the words after the program's name say, read from left to right: which command, which flags
 * with which text, which other words. What the texts mean is not looked at here.
 *
 * After a UsageError of `read`, `path` still tells how far it came.
 */
export class CommandLine {
  node: Node;
  readonly path: string[];
  readonly flags: FlagTable;
  /** The texts given for each flag; booleans as "true" and "false". */
  readonly given = new Map<Entry, string[]>();
  readonly words: string[] = [];
  readonly rest: string[] = [];
  help = false;
  version = false;

  readonly #secrets: Secrets;
  #queue: string[] = [];
  /** Whether `--` has ended the flags. */
  #ended = false;

  constructor(
    readonly cli: Cli,
    env: Env,
    secrets: Secrets,
  ) {
    this.#secrets = secrets;
    this.node = cli.root;
    this.path = [cli.root.meta.name];
    this.flags = new FlagTable(cli.globals, commandAt(cli.root)?.args ?? {});
    for (const variable of cli.secretVariables ?? []) secrets.add(env[variable]);
  }

  /** What is to be run: undefined where a group has nothing but help. */
  get command(): Command | undefined {
    return commandAt(this.node);
  }

  /** The words behind one that could not be right. */
  get unread(): readonly string[] {
    return this.#queue.toReversed();
  }

  /** Reads the words; rejects with a UsageError at the first that can't be right. */
  async read(argv: readonly string[]): Promise<this> {
    this.#queue = argv.toReversed();
    for (let word = this.#queue.pop(); word !== undefined; word = this.#queue.pop()) {
      if (word === "--" && this.node.kind === "command" && this.node.passthrough !== undefined) {
        this.rest.push(...this.#queue.toReversed());
        break;
      }
      if (this.#ended || !word.startsWith("-") || word === "-") await this.#word(word);
      else if (word === "--") this.#ended = true;
      else if (word.startsWith("--")) await this.#long(word.slice(2));
      else await this.#short(word.slice(1));
    }
    return this;
  }

  async #word(word: string): Promise<void> {
    if (this.node.kind === "command") {
      this.words.push(word);
      return;
    }
    const { subCommands } = this.node;
    // An own key only: every object has a `constructor`.
    const next = Object.hasOwn(subCommands, word) ? subCommands[word] : undefined;
    if (next !== undefined) {
      this.#leave(word);
      this.node = next.kind === "later" ? await next.load() : next;
      this.path.push(word);
      this.flags.add(this.command?.args ?? {});
    } else if (word === "help") {
      this.help = true;
    } else {
      const known = Object.values(subCommands).filter(({ meta }) => !meta.hidden);
      const near = nearest(
        word,
        known.map(({ meta }) => meta.name),
      );
      throw new UsageError(
        `unknown command "${this.#shown(word)}"`,
        near && `Did you mean '${[...this.path, near].join(" ")}'?`,
      );
    }
  }

  /** Takes the flags of the main command back, on the way from its group to a command below. */
  #leave(word: string): void {
    const flags = this.command?.args ?? {};
    for (const { name, flag } of this.given.keys()) {
      if (!Object.values(flags).includes(flag)) continue;
      const path = this.path.join(" ");
      throw new UsageError(
        `--${name} here is a flag of '${path}' itself, not of '${path} ${word}'`,
        `Put the flags of '${path} ${word}' after its name; its help names them.`,
      );
    }
    this.flags.remove(flags);
  }

  async #long(word: string): Promise<void> {
    const [name, value] = split(word);
    const entry = this.flags.long(name);
    const negated = name.startsWith("no-") ? this.flags.long(name.slice(3)) : undefined;
    if (name === "help" || name === "version") {
      if (value !== undefined) throw new UsageError(`--${name} takes no value`);
      this[name] = true;
    } else if (entry?.flag.kind === "boolean") {
      this.#give(entry, value ?? "true");
    } else if (entry !== undefined) {
      this.#give(entry, value ?? this.#value(entry));
    } else if (negated?.flag.kind === "boolean") {
      if (value !== undefined) throw new UsageError(`--${name} takes no value`);
      this.#give(negated, "false");
    } else if (negated !== undefined) {
      throw new UsageError(`--${negated.name} takes a value, so there is no --${name}`);
    } else {
      throw await this.#unknown(`--${this.#shown(name)}`, name, this.flags.nearest(name));
    }
  }

  /** Letters in one word: any number of booleans, then one that may be followed by its value. */
  async #short(word: string): Promise<void> {
    for (let at = 0; at < word.length; at++) {
      const letter = String.fromCodePoint(word.codePointAt(at) ?? 0);
      const tail = word.slice(at + letter.length);
      const entry = this.flags.short(letter);
      if (letter === "h") {
        this.help = true;
      } else if (entry === undefined) {
        const [name] = split(word);
        const near = this.flags.long(name) ? name : undefined;
        throw await this.#unknown(`-${this.#shown(letter)}`, name, near);
      } else if (entry.flag.kind === "boolean" && !tail.startsWith("=")) {
        this.#give(entry, "true");
      } else {
        const value = tail.startsWith("=") ? tail.slice(1) : tail;
        this.#give(entry, tail === "" ? this.#value(entry) : value);
        return;
      }
    }
  }

  /** The next word, as the value of a flag that needs one. */
  #value({ name, flag }: Entry): string {
    const next = this.#queue.at(-1);
    const number = flag.kind === "integer" && next !== undefined && /^-\d/.test(next);
    if (next === undefined) throw new UsageError(`--${name} needs a value`);
    if (next.startsWith("-") && next !== "-" && !number) {
      const hint = `A value that begins with a dash is written --${name}=-value.`;
      throw new UsageError(`--${name} needs a value`, hint);
    }
    return this.#queue.pop() ?? "";
  }

  #give(entry: Entry, text: string): void {
    const texts = this.given.get(entry);
    if (text === "") throw new UsageError(`--${entry.name} needs a value`);
    if (entry.flag.secret) this.#secrets.add(text);
    if (texts === undefined) this.given.set(entry, [text]);
    else if (entry.flag.kind === "strings") texts.push(text);
    else throw new UsageError(`--${entry.name} is given more than once`);
  }

  async #unknown(shown: string, name: string, near: string | undefined): Promise<UsageError> {
    const owner = this.node.kind === "group" ? await this.#ownerOf(name) : undefined;
    const hint = near === undefined ? undefined : `Did you mean --${near}?`;
    return new UsageError(
      `unknown flag ${shown}`,
      owner === undefined ? hint : `--${name} is a flag of '${owner}': put it after the command.`,
    );
  }

  /** Masked before it is cut, lest half a secret remain. */
  #shown(text: string): string {
    return oneLine(this.#secrets.mask(text), 60);
  }

  /** The first command below that has the flag. */
  async #ownerOf(name: string): Promise<string | undefined> {
    await loadAll(this.node);
    for (const { node, path } of walk(this.node, this.path)) {
      const { args = {} } = commandAt(node) ?? {};
      if (!node.meta.hidden && new FlagTable(args).long(name)) {
        return path.join(" ");
      }
    }
    return undefined;
  }
}

/** `name=value` at the first `=`. */
function split(word: string): [name: string, value: string | undefined] {
  const at = word.indexOf("=");
  return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}
