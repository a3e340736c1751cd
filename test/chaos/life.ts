/** One life of the compiled bridge in a chaos run, from its start to its kill. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LoggedEvent } from "../harness/binary.ts";
import type { Keeping } from "./keeping.ts";

export interface LifeSetup {
  /** The program; a copy of its own, as it may be built anew meanwhile. */
  binary: string;
  workspaceId: string;
  url: string;
  token: string;
  /** HOME and the logs are in it. */
  folder: string;
  keeping: Keeping;
  /** For the exec backend. */
  command: string;
  env: Record<string, string>;
  /** More flags of `molecule connect`. */
  flags?: string[];
}

export class Life {
  readonly number: number;
  /** Resolves when it has ended: with the exit code, null where a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly #child: Bun.Subprocess<"ignore", "ignore", Bun.BunFile>;
  readonly #log: string;
  #killed = false;

  constructor(number: number, setup: LifeSetup) {
    const { folder, env, keeping } = setup;
    const { shared } = keeping;
    this.number = number;
    // A file, since what is in a pipe when its reader looks elsewhere is not yet read.
    this.#log = join(folder, `life-${number}.jsonl`);
    this.#child = Bun.spawn(
      [
        setup.binary,
        "connect",
        setup.workspaceId,
        ...["--api-url", setup.url],
        ...["--state-dir", keeping.folder],
        ...(shared === undefined ? [] : ["--lease", "1s"]),
        ...["--backend", "exec", "--backend-opt", `cmd=${setup.command}`],
        ...["--concurrency", "4", "--interval-ms", "50", "--heartbeat-ms", "200"],
        ...["--since-secs", "86400", "--log-format", "json", "--verbose"],
        ...(setup.flags ?? []),
      ],
      {
        cwd: folder,
        env: {
          PATH: process.env.PATH ?? "",
          HOME: folder,
          MOLECULE_WORKSPACE_TOKEN: setup.token,
          ...(shared === undefined ? {} : { MOLECULE_STORE: shared }),
          ...env,
        },
        stdin: "ignore",
        stdout: "ignore",
        stderr: Bun.file(this.#log),
      },
    );
    this.ended = this.#child.exited.then(() => this.#child.exitCode);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** It has come to the point from which it bears whatever happens to its store. */
  get isAtWork(): boolean {
    return this.events.length > 0;
  }

  /** It was ended by us, and not by itself. */
  get killed(): boolean {
    return this.#killed;
  }

  kill(): void {
    this.#killed = true;
    this.#child.kill("SIGKILL");
  }

  stop(): void {
    this.#child.kill("SIGTERM");
  }

  /** What it has told so far; complete once it has ended, but for a last line cut by the kill. */
  get events(): LoggedEvent[] {
    const events: LoggedEvent[] = [];
    for (const line of readFileSync(this.#log, "utf8").split("\n").slice(0, -1)) {
      const told = JSON.parse(line) as LoggedEvent;
      if ("event" in told) events.push(told);
    }
    return events;
  }
}
