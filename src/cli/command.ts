// Types alone: citty itself costs milliseconds, and is loaded where a command is run.
import type { CommandDef, CommandMeta } from "citty";
import type { ExitCode } from "../shared/errors.ts";
import type { Offer } from "./completion/offer.ts";
import type { ConfigList } from "./config/config.ts";
import type { ConfigPlaces, NamedFile } from "./config/places.ts";
import { type Flag, type Flags, kebab } from "./flag.ts";
import type { MaskedIo } from "./output.ts";

/**
 * Declares a command. Its module may be kept light by a `run` that imports the work:
 * `run: async (values, context) => (await import("./connect.ts")).connect(values, context)`.
 */
export function command<F extends Flags = {}, const P extends readonly Positional[] = []>(
  spec: CommandSpec<F, P>,
): Command {
  const { name, summary, hidden = false, positionals = [], passthrough, examples = [] } = spec;
  const { config = "strict" } = spec;
  const args: Flags = spec.flags ?? {};
  const lists: Flags = spec.lists ?? {};
  for (const { name: key } of positionals) {
    if (Object.hasOwn(args, key)) throw new Error(`${name}: "${key}" is declared twice`);
  }
  return {
    kind: "command",
    meta: { name, description: summary, hidden },
    args,
    lists,
    // Read where it is shown: a description may be a getter that makes a long text.
    get details() {
      return spec.description;
    },
    get more() {
      return spec.more;
    },
    positionals,
    passthrough,
    examples,
    config,
    // Parsed before it gets here (citty is handed no words), by these very declarations.
    run: ({ data }) => spec.run(data.values as Values<F, P>, data.context as Context),
  };
}

/**
 * Declares a group of commands. On its own on the command line it runs its `main`, or prints its help.
 * Throws a plain Error for a main that takes words: they could not be told from commands.
 */
export function group(spec: GroupSpec): Group {
  const { name, summary, hidden = false } = spec;
  const subCommands: Record<string, Node | Later> = {};
  for (const node of spec.commands) {
    if (Object.hasOwn(subCommands, node.meta.name)) {
      throw new Error(`${name}: "${node.meta.name}" is declared twice`);
    }
    subCommands[node.meta.name] = node;
  }
  const { main } = spec;
  if (main !== undefined && (main.positionals.length > 0 || main.passthrough !== undefined)) {
    throw new Error(`${name}: its main command takes words`);
  }
  return {
    kind: "group",
    meta: { name, description: summary, hidden },
    subCommands,
    main,
    get details() {
      return spec.description ?? main?.details;
    },
    examples: spec.examples ?? main?.examples ?? [],
  };
}

/** What a node runs when the words end there: the command itself, or the main one of a group. */
export function commandAt(node: Node): Command | undefined {
  return node.kind === "command" ? node : node.main;
}

/** A word that a command takes: `workspaceId` is shown as `<workspace-id>`. */
export interface Positional {
  readonly name: string;
  readonly summary: string;
  readonly required?: boolean;
  /** The only words that it may be, if not any. */
  readonly values?: readonly string[];
  /** It takes all words that are left: the last one may. */
  readonly many?: boolean;
  /** What a shell offers for it. Its values need not be said again. */
  readonly complete?: Offer;
}

export interface CommandSpec<F extends Flags, P extends readonly Positional[]> {
  name: string;
  /** One phrase for lists of commands, without a full stop. */
  summary: string;
  /** Paragraphs, parted by empty lines; lines that begin with a space stay as they are. */
  description?: string;
  /** More of them, for those who ask for all (`--help -v`). */
  more?: string;
  flags?: F;
  positionals?: P;
  /** What config files may hold for it beside flags, each made by {@link list}. */
  lists?: Flags;
  /** If the command takes words after `--` as they are: what they mean. */
  passthrough?: string;
  /** Command lines, each with its `molecule`. */
  examples?: readonly string[];
  /** Left out of help and suggestions. */
  hidden?: boolean;
  /** What it wants of config files; `strict` if not given. */
  config?: ConfigNeed;
  /** Does the work; the exit code is 0 unless it returns another or throws. */
  run(values: Values<F, P>, context: Context): RunResult | Promise<RunResult>;
}

/**
 * What a command does about config files that are faulty: `strict` ends with 2, `lenient` warns and goes
 * on with what can be read, `silent` says nothing (and passes over what is not trusted), as the command
 * looks at them itself. `unread`: no file is read.
 */
export type ConfigNeed = "strict" | "lenient" | "silent" | "unread";

type RunResult = ExitCode | void;

export interface GroupSpec {
  name: string;
  summary: string;
  /** Those of the main command, if not given; so are the examples. */
  description?: string;
  commands: readonly (Node | Later)[];
  /**
   * Runs when no command follows. Its flags may stand before and after the group's other flags, but not
   * before the name of a command. It is shown under the group's name and summary.
   */
  main?: Command;
  examples?: readonly string[];
  hidden?: boolean;
}

/** The values of a command's flags and positionals by their declared names. */
export type Values<F extends Flags, P extends readonly Positional[]> = {
  readonly [K in keyof F]: F[K]["fallback"];
} & {
  readonly [A in P[number] as A["name"]]: A extends { many: true }
    ? readonly WordOf<A>[]
    : A extends { required: true }
      ? WordOf<A>
      : WordOf<A> | undefined;
};

type WordOf<A extends Positional> = A extends { values: readonly string[] }
  ? A["values"][number]
  : string;

/**
 * Where a value came from: `project` and `user` are config files, and so is `file`, the one of
 * `--config`. `unset` also stands for the `false` or `[]` of a flag not given.
 */
export type Source = "flag" | "env" | "project" | "user" | "file" | "default" | "unset";

/** What a command gets beside its values. */
export interface Context {
  readonly cli: Cli;
  /** The words that led here: `["molecule", "agent", "list"]`. */
  readonly path: readonly string[];
  /** The words after `--`, for a command with passthrough. */
  readonly rest: readonly string[];
  readonly env: Env;
  readonly io: MaskedIo;
  /** The file that the global flag `config` or its variable names. */
  readonly configFile: NamedFile | undefined;
  /** The value of a global flag, or of a flag of this command. */
  get<T>(flag: Flag<T>): T;
  /** Where the value of a flag or positional came from, by its declared name. */
  source(name: string): Source;
  /**
   * The same for messages: `--token-file`, the name of a variable, or `~/.config/molecule.yaml:3`;
   * undefined for a default, for what is unset, and for a positional.
   */
  origin(name: string): string | undefined;
  /** A list of this command's, by its declared name, where a config file has it. */
  list(name: string): ConfigList | undefined;
}

/** The whole command line: what `runCli` needs to know of the program. */
export interface Cli {
  readonly root: Group;
  /** Flags that are taken before and after any command. */
  readonly globals: Flags;
  /** The variables of all secret flags: known to the mask whatever the command is. */
  readonly secretVariables?: readonly string[];
  readonly version: string;
  /** Where config files lie; without it none is read. */
  readonly config?: ConfigPlaces;
}

export type Env = Readonly<Record<string, string | undefined>>;

interface NodeMeta extends CommandMeta {
  readonly name: string;
  readonly description: string;
  readonly hidden: boolean;
}

export interface Command extends CommandDef<any> {
  readonly kind: "command";
  readonly meta: NodeMeta;
  readonly args: Flags;
  readonly lists: Flags;
  readonly details: string | undefined;
  readonly more: string | undefined;
  readonly positionals: readonly Positional[];
  readonly passthrough: string | undefined;
  readonly examples: readonly string[];
  readonly config: ConfigNeed;
}

export interface Group extends CommandDef<any> {
  readonly kind: "group";
  readonly meta: NodeMeta;
  readonly subCommands: Record<string, Node | Later>;
  readonly main: Command | undefined;
  readonly details: string | undefined;
  readonly examples: readonly string[];
}

export type Node = Command | Group;

/** What {@link later} declares. */
export interface Later {
  readonly kind: "later";
  readonly meta: NodeMeta;
  load(): Promise<Node>;
  /** Throws a plain Error before it is loaded. */
  readonly node: Node;
}

/**
 * How a positional is shown: `<workspace-id>`, or `[workspace-id]` if it may be left out; with `...` if
 * there may be many.
 */
export function placeholder({ name, required, many }: Positional): string {
  const dots = many === true ? "..." : "";
  return (required ? `<${kebab(name)}>` : `[${kebab(name)}]`) + dots;
}
