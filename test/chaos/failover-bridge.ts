/** One of the processes of a failover drill, with a way of its own to the platform and to Postgres. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Run } from "../harness/binary.ts";
import { ChaosProxy } from "../harness/chaos-proxy.ts";
import type { Fate } from "../harness/faults.ts";
import type { Frame } from "../harness/http-frames.ts";
import { StoreRelay } from "../harness/store-relay.ts";

/** An answer on its way to the platform. */
export interface Post {
  /** When it came to the proxy, in ms since 1970. */
  at: number;
  /** Whose answer it is. */
  workspaceId: string;
}

export interface BridgeSetup {
  /** Counted from 1: the agent writes it down as the life of its runs. */
  number: number;
  /** An empty one for all of them. */
  folder: string;
  platform: string;
  /** The address of the store. */
  postgres: string;
  /** Starts the program: `env` names the store. */
  start(platform: string, home: string, env: Record<string, string>): Run;
}

export class Bridge implements AsyncDisposable {
  readonly number: number;
  readonly run: Run;
  readonly store: StoreRelay;
  readonly posts: Post[] = [];
  beats = 0;
  /** False once it was killed, or has ended. */
  alive = true;
  /** Has the canvas' answers refused while it is set, and is called for each. */
  refuse: (() => void) | undefined;
  readonly #platform: ChaosProxy;

  private constructor(setup: BridgeSetup, store: StoreRelay) {
    const { number, folder } = setup;
    this.number = number;
    this.store = store;
    this.#platform = new ChaosProxy(setup.platform, (request) => this.#pass(request));
    const home = join(folder, `bridge-${number}`);
    mkdirSync(home);
    this.run = setup.start(this.#platform.url, home, { MOLECULE_STORE: store.url });
  }

  static async start(setup: BridgeSetup): Promise<Bridge> {
    return new Bridge(setup, await StoreRelay.start(setup.postgres));
  }

  /** Resolves when it has ended well, after a signal to stop. */
  async ends(): Promise<void> {
    await this.run.endsWith(0);
    this.alive = false;
  }

  kill(): void {
    this.alive = false;
    this.run.signal("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run[Symbol.asyncDispose]();
    this.#platform[Symbol.dispose]();
    await this.store[Symbol.asyncDispose]();
  }

  #pass({ first, head }: Frame): Fate {
    if (first.startsWith("POST /registry/heartbeat ")) this.beats += 1;
    const way = /^POST \/workspaces\/[^/]+\/(notify|a2a) /.exec(first)?.[1];
    if (way === undefined) return PASSES;
    const workspaceId = /^x-workspace-id: *(\S+)/im.exec(head.toString("latin1"))?.[1] ?? "";
    this.posts.push({ at: Date.now(), workspaceId });
    if (way !== "notify" || this.refuse === undefined) return PASSES;
    this.refuse();
    return { ...PASSES, fault: "limited" };
  }
}

/** The dice let an event stream last. */
const PASSES: Fate = { delayMs: 0, fault: undefined, dice: 1 };
