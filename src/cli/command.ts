// Types alone: citty itself costs milliseconds, and is loaded where a command is run.
import type { CommandDef, CommandMeta } from "citty";
import type { ExitCode } from "../shared/errors.ts";
import { type Flag, type Flags, kebab } from "./flag.ts";
import type { Io } from "./output.ts";

/**
 * Declares a command. Its module may be kept light by a `run` that imports the work:
 * `run: async (values, context) => (await import("./connect.ts")).connect(values, context)`.
 */
export function command<F extends Flags = {}, const P extends readonly Positional[] = []>(
  spec: CommandSpec<F, P>,
): Command {
  const { name, summary, hidden = false, positionals = [], passthrough, examples = [] } = spec;
  const args: Flags = spec.flags ?? {};
  for (const { name: key } of positionals) {
    if (Object.hasOwn(args, key)) throw new Error(`${name}: "${key}" is declared twice`);
  }
  return {
    kind: "command",
    meta: { name, description: summary, hidden },
    args,
    // Read where it is shown: a description may be a getter that makes a long text.
    get details() {
      return spec.description;
    },
    positionals,
    passthrough,
    examples,
    // Parsed before it gets here (citty is handed no words), by these very declarations.
    run: ({ data }) => spec.run(data.values as Values<F, P>, data.context as Context),
  };
}

/** Declares a group of commands. On its own on the command line it prints its help. */
export function group(spec: GroupSpec): Group {
  const { name, summary, hidden = false } = spec;
  const subCommands: Record<string, Node> = {};
  for (const node of spec.commands) {
    if (Object.hasOwn(subCommands, node.meta.name)) {
      throw new Error(`${name}: "${node.meta.name}" is declared twice`);
    }
    subCommands[node.meta.name] = node;
  }
  return {
    kind: "group",
    meta: { name, description: summary, hidden },
    subCommands,
    details: spec.description,
    examples: spec.examples ?? [],
  };
}

/** Every group and command below a node, with the words that lead to it; the node itself first. */
export function walk(node: Node, path: readonly string[] = [node.meta.name]): Place[] {
  const below = node.kind === "command" ? [] : Object.entries(node.subCommands);
  return [{ path, node }, ...below.flatMap(([name, next]) => walk(next, [...path, name]))];
}

/** A group or command, and the words that lead to it. */
interface Place {
  path: readonly string[];
  node: Node;
}

/** A word that a command takes: `workspaceId` is shown as `<workspace-id>`. */
export interface Positional {
  readonly name: string;
  readonly summary: string;
  readonly required?: boolean;
  /** The only words that it may be, if not any. */
  readonly values?: readonly string[];
}

export interface CommandSpec<F extends Flags, P extends readonly Positional[]> {
  name: string;
  /** One phrase for lists of commands, without a full stop. */
  summary: string;
  /** Paragraphs, parted by empty lines; lines that begin with a space stay as they are. */
  description?: string;
  flags?: F;
  positionals?: P;
  /** If the command takes words after `--` as they are: what they mean. */
  passthrough?: string;
  /** Command lines, each with its `molecule`. */
  examples?: readonly string[];
  /** Left out of help and suggestions. */
  hidden?: boolean;
  /** Does the work; the exit code is 0 unless it returns another or throws. */
  run(values: Values<F, P>, context: Context): RunResult | Promise<RunResult>;
}

type RunResult = ExitCode | void;

export interface GroupSpec {
  name: string;
  summary: string;
  description?: string;
  commands: readonly Node[];
  examples?: readonly string[];
  hidden?: boolean;
}

/** The values of a command's flags and positionals by their declared names. */
export type Values<F extends Flags, P extends readonly Positional[]> = {
  readonly [K in keyof F]: F[K]["fallback"];
} & {
  readonly [A in P[number] as A["name"]]: A extends { required: true }
    ? WordOf<A>
    : WordOf<A> | undefined;
};

type WordOf<A extends Positional> = A extends { values: readonly string[] }
  ? A["values"][number]
  : string;

/** Where a value came from; `unset` also stands for the `false` or `[]` of a flag not given. */
export type Source = "flag" | "env" | "default" | "unset";

/** What a command gets beside its values. */
export interface Context {
  readonly cli: Cli;
  /** The words that led here: `["molecule", "agent", "list"]`. */
  readonly path: readonly string[];
  /** The words after `--`, for a command with passthrough. */
  readonly rest: readonly string[];
  readonly env: Env;
  readonly io: Io;
  /** The value of a global flag, or of a flag of this command. */
  get<T>(flag: Flag<T>): T;
  /** Where the value of a flag or positional came from, by its declared name. */
  source(name: string): Source;
}

/** The whole command line: what `runCli` needs to know of the program. */
export interface Cli {
  readonly root: Group;
  /** Flags that are taken before and after any command. */
  readonly globals: Flags;
  readonly version: string;
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
  readonly details: string | undefined;
  readonly positionals: readonly Positional[];
  readonly passthrough: string | undefined;
  readonly examples: readonly string[];
}

export interface Group extends CommandDef<any> {
  readonly kind: "group";
  readonly meta: NodeMeta;
  readonly subCommands: Record<string, Node>;
  readonly details: string | undefined;
  readonly examples: readonly string[];
}

export type Node = Command | Group;

/** How a positional is shown: `<workspace-id>`, or `[workspace-id]` if it may be left out. */
export function placeholder({ name, required }: Positional): string {
  return required ? `<${kebab(name)}>` : `[${kebab(name)}]`;
}
