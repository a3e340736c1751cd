/** A real Postgres, in a folder of its own, which is gone with the process that started it. */
import { SQL } from "bun";
import { existsSync, mkdtempSync, readdirSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { bareEnv, onlyWhere, WINDOWS } from "./platform.ts";

const KEEPER = join(import.meta.dir, "postgres-keeper.ts");
/** Little memory, and no files outside of its folder. */
const SETTINGS = [
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
  "shared_buffers=16MB",
  "max_connections=60",
];

/** How a server ends: once its clients have gone, after hanging up on them, or as in a crash. */
export type StopMode = "smart" | "fast" | "immediate";
const SIGNALS = { smart: "SIGTERM", fast: "SIGINT", immediate: "SIGQUIT" } as const;

/** What many tests may use at once. */
export interface SharedPostgres {
  readonly port: number;
  /** The address of a database, that of the server itself where none is named, with its password. */
  url(database?: string): string;
  /** Makes an empty database; gives its address. */
  newDatabase(): Promise<string>;
}

export interface Postgres extends SharedPostgres, AsyncDisposable {
  /** Starts it again, on its port: after an orderly end where it still runs. */
  restart(): Promise<void>;
  /** Resolves once it has ended; `fast` where nothing is said. */
  stop(mode?: StopMode): Promise<void>;
  /** Kills all its processes. */
  kill(): Promise<void>;
}

/** The folder with `initdb` and `postgres`: undefined where there is none, and on Windows. */
export function postgresPrograms(): string | undefined {
  if (WINDOWS) return undefined;
  const onPath = Bun.which("initdb");
  const folders = [
    ...(onPath === null ? [] : [dirname(realpathSync(onPath))]),
    ...newestIn("/usr/lib/postgresql", /^\d+$/),
    ...newestIn("/opt/homebrew/opt", /^postgresql@\d+$/),
    ...newestIn("/usr/local/opt", /^postgresql@\d+$/),
  ];
  const isWhole = (folder: string) =>
    ["initdb", "postgres"].every((name) => existsSync(join(folder, name)));
  return folders.find(isWhole);
}

/** What a test file takes from `bun:test` for what needs a Postgres. */
export const onPostgres = onlyWhere(
  postgresPrograms() !== undefined,
  "there are no programs of a Postgres server here",
);

/**
 * Starts a server of one's own: for what stops it, or sets it up differently (`settings`, each as
 * `name=value`). Where a test does neither, {@link sharedPostgres} is quicker.
 */
export async function startPostgres(settings: readonly string[] = []): Promise<Postgres> {
  const bin = postgresPrograms();
  if (bin === undefined) throw new Error("there is no Postgres: take test from onPostgres");
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "molecule-postgres-"));
  const command = [process.execPath, KEEPER, folder, bin, ...SETTINGS, ...settings];
  const keeper = Bun.spawn(command, {
    env: { ...bareEnv(folder), LC_ALL: "C" },
    stdio: ["pipe", "pipe", "inherit"],
    // What a terminal sends to all of a test run must not end it before it has cleared up.
    detached: true,
  });
  const lines = keeper.stdout
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(byLine())
    .getReader();
  const answer = async () => {
    const { value } = await lines.read();
    if (value === undefined) throw new Error("the keeper of the Postgres has ended");
    return value;
  };
  const { port, password } = JSON.parse(await answer()) as { port: number; password: string };
  // Those who never stop it don't wait for it either.
  keeper.unref();

  let last: Promise<unknown> = Promise.resolve();
  const order = (word: string): Promise<void> => {
    const done = last.then(async () => {
      keeper.stdin.write(`${word}\n`);
      await keeper.stdin.flush();
      const complaint = await answer();
      if (complaint !== "") throw new Error(complaint);
    });
    last = done.catch(() => {});
    return done;
  };
  const url = (database = "postgres") =>
    `postgres://molecule:${password}@127.0.0.1:${port}/${database}`;
  let databases = 0;
  return {
    port,
    url,
    newDatabase: async () => {
      const name = `test_${++databases}`;
      await using sql = new SQL(url(), { max: 1 });
      await sql.unsafe(`CREATE DATABASE ${name}`);
      return url(name);
    },
    restart: async () => {
      await order("SIGINT");
      await order("start");
    },
    stop: (mode = "fast") => order(SIGNALS[mode]),
    kill: () => order("SIGKILL"),
    [Symbol.asyncDispose]: async () => {
      keeper.stdin.end();
      await keeper.exited;
    },
  };
}

let shared: Promise<SharedPostgres> | undefined;

/** The one server of this process, which all test files use, and nobody stops. */
export function sharedPostgres(): Promise<SharedPostgres> {
  return (shared ??= startPostgres());
}

/** The folders `bin` of the versions whose names fit, the newest first. */
function newestIn(root: string, name: RegExp): string[] {
  if (!existsSync(root)) return [];
  const version = (folder: string) => Number(/\d+$/.exec(folder)?.[0]);
  return readdirSync(root)
    .filter((folder) => name.test(folder))
    .sort((a, b) => version(b) - version(a))
    .map((folder) => join(root, folder, "bin"));
}

function byLine(): TransformStream<string, string> {
  let rest = "";
  return new TransformStream({
    transform: (text, stream) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) stream.enqueue(part);
    },
  });
}
