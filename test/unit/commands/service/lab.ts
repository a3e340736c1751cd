/** `molecule service` on a machine of the test's making. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, group } from "../../../../src/cli/command.ts";
import { runCli } from "../../../../src/cli/run.ts";
import { CLI } from "../../../../src/commands/cli.ts";
import { connect } from "../../../../src/commands/connect/connect.ts";
import { service } from "../../../../src/commands/service/index.ts";
import { run as install } from "../../../../src/commands/service/install-run.ts";
import type { Machine } from "../../../../src/commands/service/machine.ts";
import { run as print } from "../../../../src/commands/service/print-run.ts";
import type { Ran } from "../../../../src/commands/service/programs.ts";
import { run as status } from "../../../../src/commands/service/status-run.ts";
import { run as uninstall } from "../../../../src/commands/service/uninstall-run.ts";
import { Secrets } from "../../../../src/shared/secrets.ts";
import type { Clock } from "../../../../src/shared/clock.ts";
import type { Done } from "../../../harness/command.ts";
import { tmpFolder } from "../../../harness/tmp.ts";

export const ID = "0f8fad5b-d9cb-469f-a165-70867728950e";
export const OTHER = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

const RUNS = { install, print, status, uninstall };

/** Answers a program's words; undefined passes them on to the next. */
export type Program = (argv: readonly string[]) => Partial<Ran> | undefined;

export class Lab implements Disposable {
  readonly #folder = tmpFolder();
  readonly path = this.#folder.path;
  readonly tokenFile = join(this.path, "token");
  /** What was run, each on one line. */
  readonly ran: string[] = [];
  machine: Machine;
  /** By user: where the system says that their home is. */
  readonly homes: Record<string, string> = { ann: join(this.path, "home"), root: "/root" };

  constructor(program: Program, change: Partial<Machine> = {}) {
    writeFileSync(this.tokenFile, "a-token-of-nobody\n", { mode: 0o600 });
    chmodSync(this.tokenFile, 0o600);
    mkdirSync(join(this.path, "work"));
    this.machine = {
      platform: "linux",
      uid: 1000,
      user: "ann",
      home: join(this.path, "home"),
      env: {},
      folder: join(this.path, "work"),
      self: ["/usr/bin/molecule"],
      units: join(this.path, "units"),
      daemons: join(this.path, "daemons"),
      run: async (argv) => {
        this.ran.push(argv.join(" "));
        const home = argv[0] === "getent" ? this.homes[argv[2] ?? ""] : undefined;
        const told = home === undefined ? program(argv) : { out: `x:x:1:1::${home}:/bin/sh\n` };
        return { code: 0, out: "", err: "", ...told };
      },
      clock: new HastyClock(),
      ...change,
    };
  }

  /** The path of a file below the folder of everything. */
  at(...names: string[]): string {
    return join(this.path, ...names);
  }

  /** Runs `molecule service` with these words. */
  async run(words: readonly string[], env: Record<string, string> = {}): Promise<Done> {
    const of = (name: keyof typeof RUNS): Command => {
      const declared = service.subCommands[name] as Command;
      return {
        ...declared,
        run: ({ data }) => RUNS[name](data.values, data.context, this.machine),
      };
    };
    const ours = group({
      name: "service",
      summary: "",
      commands: (Object.keys(RUNS) as (keyof typeof RUNS)[]).map(of),
    });
    let out = "";
    let err = "";
    const code = await runCli({
      ...CLI,
      root: group({ name: "molecule", summary: "", commands: [connect, ours] }),
      argv: ["service", ...words],
      env: { HOME: this.machine.home, ...env },
      io: {
        secrets: new Secrets(),
        out: async (text) => void (out += text),
        err: (line) => void (err += `${line}\n`),
      },
    });
    return { code, out, err };
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

/** Time that passes only while somebody sleeps, and then at once. */
class HastyClock implements Clock {
  #ms = 0;

  now(): number {
    return this.#ms;
  }

  monotonic(): number {
    return this.#ms;
  }

  async sleep(ms: number): Promise<void> {
    this.#ms += ms;
  }
}

/** systemctl of a systemd that keeps units in memory; `looks` are the states that a start leads through. */
export class Systemd {
  version = "255.4-1";
  reachable = true;
  /** The answers to `show`, the last of them for good. */
  looks: Record<string, string>[] = [
    { ActiveState: "active", MainPID: "41", StatusText: "connected" },
  ];
  instances: string[] = [];
  /** The file that it has a unit from. */
  fragment = "";
  readonly program: Program = (argv) => {
    const [name, ...rest] = argv;
    if (name === "loginctl") return { out: "no\n" };
    if (name === "getent") {
      return rest[1] === "bob" ? { out: "bob:x:1001:1001::/home/bob:/bin/sh\n" } : { code: 2 };
    }
    if (name !== "systemctl") return { code: 127 };
    if (!this.reachable) return { code: 1, err: "Failed to connect to bus: No medium found" };
    const words = rest.filter((word) => word !== "--user");
    if (words[0] === "list-units") {
      return { out: this.instances.map((one) => `${one} loaded active running x`).join("\n") };
    }
    if (words[0] !== "show") return {};
    if (words[1] === "--property=Version") return { out: `Version=${this.version}\n` };
    if (words[1] === "--property=FragmentPath") return { out: `FragmentPath=${this.fragment}\n` };
    const look = this.looks.length > 1 ? this.looks.shift() : this.looks[0];
    const all = { LoadState: "loaded", NRestarts: "0", ...look };
    return {
      out: Object.entries(all)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(""),
    };
  };
}
