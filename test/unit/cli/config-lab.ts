/** A home and a project's folder of a test's own, and what a command line makes of the files in them. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Cli, command, type Context, group } from "../../../src/cli/command.ts";
import type { ConfigPlaces } from "../../../src/cli/config/places.ts";
import { digestOf, TrustList } from "../../../src/cli/config/trust.ts";
import { flag } from "../../../src/cli/flag.ts";
import { runCli } from "../../../src/cli/run.ts";
import { Secrets } from "../../../src/shared/secrets.ts";
import { tmpFolder } from "../../harness/tmp.ts";

export const PLACES: ConfigPlaces = {
  project: "molecule.yaml",
  user: ".config/molecule.yaml",
  trusted: ".config/molecule/trusted.json",
  trustCommand: "molecule config trust",
};

export interface Ran {
  code: number;
  out: string;
  err: string;
  values: Record<string, unknown>;
  /** That of the command; it throws where none has run. */
  context: Context;
  secrets: Secrets;
}

export type Program = Pick<Cli, "root" | "globals" | "secretVariables">;

/** Everything is back where it was at the end of its `using` scope. */
export class ConfigLab implements Disposable {
  readonly home: string;
  /** The working directory. */
  readonly folder: string;
  readonly #tmp = tmpFolder();
  readonly #before = process.cwd();

  constructor(readonly program: Program = SAMPLE) {
    this.home = join(this.#tmp.path, "home");
    this.folder = join(this.#tmp.path, "project");
    for (const path of [this.home, this.folder]) mkdirSync(path);
    process.chdir(this.folder);
  }

  get user(): string {
    return join(this.home, PLACES.user);
  }

  get project(): string {
    return join(this.folder, PLACES.project);
  }

  get trusted(): string {
    return join(this.home, PLACES.trusted);
  }

  /** Writes a file as its owner would. */
  write(path: string, text: string | Uint8Array): string {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    chmodSync(path, 0o600);
    return path;
  }

  read(path: string): string {
    return readFileSync(path, "utf8");
  }

  /** Writes the project's file, and trusts it. */
  writeTrusted(text: string): void {
    this.write(this.project, text);
    this.write(this.trusted, new TrustList([]).with(this.project, digestOf(text)));
  }

  /** Runs a command line; `out` stands in the place of its standard output. */
  async run(
    argv: string | readonly string[],
    env: Record<string, string> = {},
    out?: (text: string) => Promise<void>,
  ): Promise<Ran> {
    const said = { out: "", err: "" };
    const secrets = new Secrets();
    let ran: { values: Record<string, unknown>; context: Context } | undefined;
    seen = (values, context) => void (ran = { values, context });
    const code = await runCli({
      ...this.program,
      version: "0",
      config: PLACES,
      argv: typeof argv === "string" ? argv.split(" ").filter((word) => word !== "") : argv,
      env: { HOME: this.home, USERPROFILE: this.home, COLUMNS: "1000", NO_COLOR: "1", ...env },
      io: {
        secrets,
        out: out ?? (async (text) => void (said.out += text)),
        err: (line) => void (said.err += `${line}\n`),
      },
    });
    return {
      code,
      ...said,
      secrets,
      values: ran?.values ?? {},
      get context() {
        if (ran === undefined) throw new Error(`no command has run: ${said.err}`);
        return ran.context;
      },
    };
  }

  [Symbol.dispose](): void {
    process.chdir(this.#before);
    this.#tmp[Symbol.dispose]();
  }
}

let seen: (values: Record<string, unknown>, context: Context) => void = () => {};

const run = (values: object, context: Context) => seen({ ...values }, context);

/** What answers, and how: others than who runs the program may not choose it. */
export const GUARDED = {
  backend: flag({ type: "string", summary: "it answers", default: "mock", config: "guarded" }),
  backendOpt: flag({
    type: "strings",
    summary: "its options",
    complete: { by: "backend", sets: [] },
    config: "guarded",
  }),
};

const flags = {
  ...GUARDED,
  tags: flag({ type: "strings", summary: "words", config: "free" }),
  count: flag({
    type: "integer",
    summary: "tries",
    env: "MOLECULE_COUNT",
    default: 5,
    min: 1,
    config: "free",
  }),
  grace: flag({ type: "duration", summary: "patience", default: "30s", config: "free" }),
  color: flag({ type: "enum", summary: "paint", values: ["red", "blue"], config: "free" }),
  sound: flag({ type: "boolean", summary: "bell", config: "free" }),
  label: flag({ type: "string", summary: "name", config: "free" }),
  tokenFile: flag({ type: "string", summary: "file", complete: "file", config: "guarded" }),
  token: flag({ type: "string", summary: "secret", env: "MOLECULE_TOKEN", secret: true }),
  once: flag({ type: "boolean", summary: "one time" }),
};

/** A program with keys of every kind; its commands do nothing. */
export const SAMPLE: Program = {
  secretVariables: ["MOLECULE_TOKEN"],
  globals: {
    apiUrl: flag({
      type: "string",
      summary: "address",
      env: "MOLECULE_API_URL",
      default: "http://localhost",
      config: "guarded",
      check: (url) => (/^https?:/.test(url) ? undefined : "must be an http or https address"),
    }),
    config: flag({ type: "string", summary: "file", env: "MOLECULE_CONFIG", complete: "file" }),
    output: flag({
      type: "enum",
      summary: "form",
      values: ["table", "json", "yaml"],
      default: "table",
      config: "free",
    }),
    verbose: flag({ type: "boolean", summary: "more", config: "free" }),
  },
  root: group({
    name: "molecule",
    summary: "a program",
    commands: [
      command({ name: "work", summary: "needs all", flags, run }),
      command({ name: "idle", summary: "needs nothing", run }),
      command({
        name: "mend",
        summary: "goes on",
        config: "lenient",
        flags: { count: flags.count },
        run,
      }),
      command({
        name: "look",
        summary: "looks itself",
        config: "silent",
        flags: { backend: flags.backend },
        run,
      }),
      command({
        name: "blind",
        summary: "reads none",
        config: "unread",
        flags: { count: flags.count },
        run,
      }),
    ],
  }),
};
