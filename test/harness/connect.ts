/** `molecule connect` and `molecule dev` as processes, with what a test needs of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Run, runToEnd, type Ended } from "./binary.ts";
import { TOKEN, WORKSPACE } from "./scripted-platform.ts";

/** Flags by name; `true` has no value, `undefined` leaves a default of this harness out. */
export type Flags = Record<string, string | number | true | undefined>;

export interface ConnectSetup {
  id?: string;
  /** Run by the exec backend; without it the mock backend answers. */
  cmd?: string;
  /** More options of the backend, `KEY=VALUE` each. */
  opts?: string[];
  flags?: Flags;
  env?: Record<string, string>;
  cwd?: string;
  by?: string[];
}

/** Starts a bridge that is quick to look, in `home`; it speaks JSON. */
export function connect(url: string, home: string, setup: ConnectSetup = {}): Run {
  const { id = WORKSPACE, cmd, opts = [], env, cwd, by = [] } = setup;
  const flags: Flags = {
    "api-url": url,
    "log-format": "json",
    "interval-ms": 20,
    // A row of a test may be older than the half minute of the default.
    "since-secs": 3600,
    backend: cmd === undefined ? "mock" : "exec",
    ...setup.flags,
  };
  const all = cmd === undefined ? opts : [`cmd=${cmd}`, ...opts];
  return new Run(["connect", id, ...words(flags), ...all.flatMap((o) => ["--backend-opt", o])], {
    home,
    env: { MOLECULE_WORKSPACE_TOKEN: TOKEN, ...env },
    by,
    ...(cwd === undefined ? {} : { cwd }),
  });
}

/** The state file of the default folder, as it lies on the disk. */
export function stateOf(home: string, id = WORKSPACE): Record<string, string> {
  return JSON.parse(readFileSync(statePath(home, id), "utf8"));
}

export function stateDir(home: string): string {
  return join(home, ".config", "molecule", "state");
}

export function statePath(home: string, id = WORKSPACE): string {
  return join(stateDir(home), `${id}.json`);
}

export interface DevWorkspace {
  id: string;
  name: string;
  tokenFile: string;
  token: string;
}

/** A platform of its own in a process of its own. */
export class Dev implements AsyncDisposable {
  readonly home: string;
  readonly run: Run;
  url = "";
  adminTokenFile = "";
  workspaces: DevWorkspace[] = [];

  private constructor(home: string, flags: Flags, env: Record<string, string>) {
    this.home = home;
    // TMPDIR: its tokens lie there, and a killed process leaves them.
    this.run = new Run(["dev", ...words({ "rate-limit": 0, output: "json", ...flags })], {
      home,
      env: { TMPDIR: home, ...env },
    });
  }

  static async start(
    home: string,
    flags: Flags = { ephemeral: true, port: 0 },
    env: Record<string, string> = {},
  ): Promise<Dev> {
    const dev = new Dev(home, flags, env);
    await dev.run.until(() => dev.run.stdout.includes("\n"), "the ready line");
    const ready = JSON.parse(dev.run.stdout);
    dev.url = ready.url;
    dev.adminTokenFile = ready.admin_token_file;
    dev.workspaces = ready.workspaces.map((w: Record<string, string>) => ({
      id: w.id,
      name: w.name,
      tokenFile: w.token_file,
      token: readFileSync(w.token_file ?? "", "utf8").trim(),
    }));
    return dev;
  }

  /** The workspace to connect as. */
  get agent(): DevWorkspace {
    return this.workspaces[0] as DevWorkspace;
  }

  get ada(): DevWorkspace {
    return this.workspaces[1] as DevWorkspace;
  }

  /** Starts a bridge as the agent. */
  connect(home: string, setup: ConnectSetup = {}): Run {
    const env = { MOLECULE_WORKSPACE_TOKEN: this.agent.token, ...setup.env };
    return connect(this.url, home, { id: this.agent.id, ...setup, env });
  }

  /** `molecule agent send` to the agent, by a peer or else by the person at the canvas. */
  send(text: string, peer?: DevWorkspace, flags: Flags = { wait: true }): Promise<Run & Ended> {
    const who: Flags =
      peer === undefined
        ? { "api-token-file": this.adminTokenFile }
        : { as: peer.id, "token-file": peer.tokenFile };
    const { wait, ...more } = flags;
    const args = ["agent", "send", this.agent.id, text, wait === true ? "--wait" : "--no-wait"];
    return runToEnd([...args, ...words({ "api-url": this.url, ...who, ...more })], {
      home: this.home,
    });
  }

  /** The agent's feed, oldest first. */
  async feed(): Promise<any[]> {
    const response = await fetch(`${this.url}/workspaces/${this.agent.id}/activity?limit=500`, {
      headers: { authorization: `Bearer ${this.agent.token}` },
    });
    return ((await response.json()) as any[]).reverse();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.run[Symbol.asyncDispose]();
  }
}

/** The flags as words of a command line. */
export function words(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return value === true ? [`--${name}`] : [`--${name}=${value}`];
  });
}
