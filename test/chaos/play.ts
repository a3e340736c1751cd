/** Peers and the canvas ask, and the bridge is killed and started again until they have enough. */
import { chmodSync, copyFileSync } from "node:fs";
import { join } from "node:path";
import { BINARY } from "../../scripts/set-up.ts";
import { createExternal } from "../../src/dev/create.ts";
import type { RevisionName } from "../../src/dev/revision.ts";
import type { DevPlatform } from "../../src/dev/server.ts";
import type { ChaosProxy } from "../harness/chaos-proxy.ts";
import { untilGone } from "../harness/processes.ts";
import { randomOf } from "../harness/random.ts";
import { Bell } from "../harness/wait.ts";
import { Agent } from "./agent.ts";
import { Asker, type Member } from "./askers.ts";
import type { Keeping, KeepingKind } from "./keeping.ts";
import { Killer } from "./killer.ts";
import { Life } from "./life.ts";
import { judge, type Verdict } from "./verdict.ts";

const PEERS = 6;
const LOOK_MS = 50;
/** How long the connections to a shared store last at most. */
const CUT_MS = 1_000;

export interface ChaosOptions {
  revision: RevisionName;
  seed: number;
  /** At least so many, and until `hits` kills have hit running work. */
  messages: number;
  hits: number;
  /** No message is asked after this. */
  limitMs: number;
  /** An empty folder. */
  folder: string;
  /** Where the bridge keeps what it knows; the local store where nothing is said. */
  kind?: KeepingKind;
  say?: (line: string) => void;
}

/** One run: who asks, the lives of the bridge, and what they came to. */
export class ChaosRun {
  readonly killer: Killer;
  messages = 0;
  readonly #options: ChaosOptions;
  readonly #keeping: Keeping;
  readonly #platform: DevPlatform;
  readonly #proxy: ChaosProxy;
  readonly #workspace: Member;
  readonly #askers: Asker[];
  readonly #agent: Agent;
  readonly #binary: string;
  readonly #mark: string;
  readonly #bell = new Bell();
  readonly #began = performance.now();
  readonly #problems: string[] = [];
  #lives = 0;
  #life: Life | undefined;
  #over = false;

  constructor(options: ChaosOptions, keeping: Keeping, platform: DevPlatform, proxy: ChaosProxy) {
    const { folder, seed } = options;
    this.#options = options;
    this.#keeping = keeping;
    this.#platform = platform;
    this.#proxy = proxy;
    this.#workspace = member(platform, "agent");
    const peers = Array.from({ length: PEERS }, (_, i) => member(platform, `peer ${i + 1}`));
    this.#askers = [...peers, undefined].map((peer) => new Asker(platform, this.#workspace, peer));
    this.#agent = new Agent(join(folder, "agent"));
    this.#mark = `chaos-${crypto.randomUUID()}`;
    this.killer = new Killer(this.#agent, randomOf(seed, "kills"));
    this.#binary = join(folder, "molecule");
    copyFileSync(BINARY, this.#binary);
    chmodSync(this.#binary, 0o700);
  }

  async toEnd(): Promise<Verdict> {
    const { seed } = this.#options;
    const asking = Promise.all(
      this.#askers.map((asker) =>
        asker.ask(() => this.#next(), this.#bell, randomOf(seed, asker.name)),
      ),
    );
    const watching = Promise.all([this.#watch(), this.#cut()]);
    try {
      await Promise.race([this.#killAndKill(), failing(asking)]);
      await asking;
      await this.#settle();
    } finally {
      this.#over = true;
      this.#life?.kill();
      await this.#life?.ended;
      await watching;
    }
    await untilGone(this.#mark);
    await this.#checkDeadLetters();
    return judge({
      platform: this.#platform,
      workspace: this.#workspace,
      askers: this.#askers,
      agent: this.#agent,
      killer: this.killer,
      lives: this.#lives,
      keeping: this.#keeping,
      revision: this.#options.revision,
      problems: this.#problems,
    });
  }

  /** The next number to ask about; undefined when there were enough. */
  #next(): number | undefined {
    if (this.#enough) return undefined;
    this.messages += 1;
    return this.messages;
  }

  get #enough(): boolean {
    const { messages, hits, limitMs } = this.#options;
    const done = this.messages >= messages && this.killer.hits >= hits;
    return done || this.#over || performance.now() - this.#began > limitMs;
  }

  get #waiting(): number {
    return this.#askers.reduce((sum, asker) => sum + asker.waiting, 0);
  }

  /** Looks for answers as long as some may come. */
  async #watch(): Promise<void> {
    for (let told = 0; !this.#over;) {
      for (const asker of this.#askers) asker.look();
      this.#bell.ring();
      if (this.messages >= told + 500) {
        told = this.messages;
        this.#tell();
      }
      await Bun.sleep(LOOK_MS);
    }
  }

  /** Cuts the connections of a bridge that is at work again and again. */
  async #cut(): Promise<void> {
    const [keeping, { seed }] = [this.#keeping, this.#options];
    if (keeping.shared === undefined) return;
    for (const random = randomOf(seed, "cuts"); !this.#over; await Bun.sleep(random() * CUT_MS)) {
      // One that finds no store at its start says so, and ends.
      if (this.#life?.isAtWork === true) await keeping.cut();
    }
  }

  #tell(): void {
    const { hits, deaths } = this.killer;
    const s = Math.round((performance.now() - this.#began) / 1000);
    this.#options.say?.(
      `${this.messages} asked, ${this.#waiting} open, ${deaths.length} kills of which ${hits} hit, ${s} s`,
    );
  }

  /** Life after life, until all has been asked; the last one is left alive. */
  async #killAndKill(): Promise<void> {
    for (;;) {
      const life = this.#start(this.#proxy.url);
      const span = this.killer.nextSpan();
      const early = await Promise.race([life.ended.then(() => true), Bun.sleep(span)]);
      if (early === true) {
        this.#endedItself(life, await life.ended);
        continue;
      }
      if (this.#enough) return;
      await this.killer.kill(life);
      await this.#keeping.bury(life.pid);
      const problem = this.#keeping.damage(this.#workspace.id);
      if (problem !== undefined) {
        this.#problems.push(`after life ${life.number}, the cursor file is not whole: ${problem}`);
      }
    }
  }

  /** All answers come; then the bridge stops when it is asked, and leaves nothing to do. */
  async #settle(): Promise<void> {
    await this.#bell.until(() => this.#waiting === 0, "the last answers", 300_000);
    const last = this.#life;
    last?.stop();
    const code = await last?.ended;
    if (last !== undefined) this.#endedItself(last, code, 0);
    const closing = this.#start(this.#platform.url, ["--once"]);
    this.#endedItself(closing, await closing.ended, 0);
    this.#life = undefined;
    const stopped = closing.events.findLast(({ event }) => event === "stopped");
    if (stopped?.waiting !== 0 || stopped.replies !== 0) {
      this.#problems.push(`something was left to do: ${JSON.stringify(stopped)}`);
    }
  }

  #start(url: string, flags: string[] = []): Life {
    this.#lives += 1;
    const env = { ...this.#agent.env(this.#lives), CHAOS_MARK: this.#mark };
    const { id: workspaceId, token } = this.#workspace;
    const [keeping, { folder }] = [this.#keeping, this.#options];
    const setup = { binary: this.#binary, workspaceId, url, token, folder, keeping, env, flags };
    this.#life = new Life(this.#lives, { ...setup, command: this.#agent.command });
    return this.#life;
  }

  #endedItself(life: Life, code: number | null | undefined, expected?: number): void {
    this.killer.end(life);
    if (code === expected) return;
    const why = life.events.at(-1)?.msg;
    this.#problems.push(`life ${life.number} ended with ${code}: ${why}`);
  }

  async #checkDeadLetters(): Promise<void> {
    const { folder: state, shared } = this.#keeping;
    const args = ["dead-letter", "list", this.#workspace.id, "-o", "json"];
    const list = Bun.spawn([this.#binary, ...args, "--state-dir", state], {
      env: {
        HOME: this.#options.folder,
        ...(shared === undefined ? {} : { MOLECULE_STORE: shared }),
      },
      stdout: "pipe",
      stderr: "ignore",
    });
    const text = (await list.stdout.text()).trim();
    if (text !== "[]") this.#problems.push(`there are dead letters: ${text}`);
  }
}

function member(platform: DevPlatform, name: string): Member {
  const { id, token } = createExternal(platform.database, name, { delivery_mode: "poll" });
  if (token === undefined) throw new Error("a workspace without an address has a token");
  return { id, token };
}

/** Never resolves; rejects with the promise. */
function failing(promise: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => void promise.catch(reject));
}
