/** A platform, an agent with one message to answer, and bridges for it that die when they are told to. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { RevisionName } from "../../src/dev/revision.ts";
import { startDevPlatform, type DevPlatform } from "../../src/dev/server.ts";
import { createExternal } from "../../src/dev/create.ts";
import { marked, untilGone } from "../harness/processes.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { Bell, lookUntil } from "../harness/wait.ts";
import { Asker, type Member } from "./askers.ts";
import type { CrashOrder } from "./crash-child.ts";
import { LOCAL, type Keeping, type KeepingKind } from "./keeping.ts";

const CHILD = join(import.meta.dir, "crash-child.ts");
const LIMIT_MS = 60_000;

export class CrashLab implements AsyncDisposable {
  readonly platform: DevPlatform;
  readonly agent: Member;
  readonly peer: Member;
  readonly #folder: string;
  readonly #keeping: Keeping;
  readonly #mark = `crash-${crypto.randomUUID()}`;
  readonly #children: Bun.Subprocess[] = [];
  readonly #ends: AsyncDisposableStack;

  private constructor(
    platform: DevPlatform,
    folder: string,
    keeping: Keeping,
    ends: AsyncDisposableStack,
  ) {
    this.platform = platform;
    this.#folder = folder;
    this.#keeping = keeping;
    this.#ends = ends;
    this.agent = member(platform, "agent");
    this.peer = member(platform, "peer");
  }

  static async start(revision: RevisionName, kind: KeepingKind = LOCAL): Promise<CrashLab> {
    await using ends = new AsyncDisposableStack();
    const { path } = ends.use(tmpFolder());
    const keeping = ends.use(await kind.start(join(path, "state")));
    const platform = await startDevPlatform({ port: 0, db: ":memory:", rateLimit: 0, revision });
    ends.defer(() => platform.stop());
    return new CrashLab(platform, path, keeping, ends.move());
  }

  /** Who asks: the peer, or the person at the canvas. */
  asker(who: "peer" | "canvas"): Asker {
    return new Asker(this.platform, this.agent, who === "peer" ? this.peer : undefined);
  }

  /** Runs a bridge to its death at an event; resolves when it is dead. */
  async dieAt(event: NonNullable<CrashOrder["killAt"]>["event"], nth = 1): Promise<void> {
    const child = this.#spawn({ event, nth }, false);
    await within(child.exited, () => `the bridge did not come to ${event}`);
    if (child.signalCode !== "SIGKILL") throw new Error(`it ended before ${event}`);
    await this.#keeping.bury(child.pid);
  }

  /** Runs a bridge, and kills it when its backend is at work. */
  async dieAtWork(): Promise<void> {
    // Never reached: it is killed from here.
    const child = this.#spawn({ event: "stopped", nth: 1 }, true);
    await lookUntil(
      () => this.runs.length > 0,
      () => "the backend was not run",
      LIMIT_MS,
    );
    child.kill("SIGKILL");
    await child.exited;
    await this.#keeping.bury(child.pid);
  }

  /** Runs a bridge until all is settled, and no process of any is left; `url`: by that way. */
  async settle(url?: string): Promise<void> {
    const child = this.#spawn(undefined, false, url);
    await within(child.exited, () => "the bridge did not settle its backlog");
    if (child.exitCode !== 0) throw new Error(`the bridge ended with ${child.exitCode}`);
    await untilGone(this.#mark);
  }

  /** One message, and only once. */
  async ask(asker: Asker, n: number): Promise<void> {
    const numbers = [n];
    await asker.ask(
      () => numbers.pop(),
      new Bell(),
      () => 1,
    );
  }

  /** Of each run of the backend, whether it was told that an earlier one was cut. */
  get runs(): boolean[] {
    if (!existsSync(this.#log)) return [];
    const lines = readFileSync(this.#log, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => line === "true");
  }

  /** The saved cursor as the number of its row in the agent's feed, oldest 0; undefined for none. */
  async cursor(): Promise<number | undefined> {
    const saved = await this.#keeping.cursor(this.agent.id);
    const at = this.#feed().findIndex(({ id }) => id === saved);
    return at < 0 ? undefined : at;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    await Promise.all(this.#children.map(({ exited }) => exited));
    // Where a test fails, what its bridges left may stand still for minutes.
    for (const pid of marked(this.#mark)) process.kill(pid, "SIGKILL");
    await this.#ends.disposeAsync();
  }

  get #log(): string {
    return join(this.#folder, "runs");
  }

  #feed() {
    return this.platform.database.activities.read(this.agent.id, { limit: 1000 }).reverse();
  }

  /** Where `stuck`, a run stands still for good, unless it is told of an earlier one. */
  #spawn(killAt: CrashOrder["killAt"], stuck: boolean, url = this.platform.url) {
    const wait = stuck ? `[ "$MOLECULE_INTERRUPTED" = true ] || sleep 600;` : "";
    const order: CrashOrder = {
      url,
      workspaceId: this.agent.id,
      token: this.agent.token,
      stateDir: this.#keeping.folder,
      shared: this.#keeping.shared,
      command: `read -r n; echo "$MOLECULE_INTERRUPTED" >>'${this.#log}'; ${wait} echo $((2 * n + 1))`,
      killAt,
    };
    const child = Bun.spawn([process.execPath, CHILD, JSON.stringify(order)], {
      env: { PATH: process.env.PATH ?? "", CRASH_MARK: this.#mark },
      stdout: "ignore",
      stderr: "inherit",
    });
    this.#children.push(child);
    return child;
  }
}

function member(platform: DevPlatform, name: string): Member {
  const { id, token } = createExternal(platform.database, name, { delivery_mode: "poll" });
  if (token === undefined) throw new Error("a workspace without an address has a token");
  return { id, token };
}

async function within(promise: Promise<unknown>, failure: () => string): Promise<void> {
  const timer = Promise.withResolvers<never>();
  const id = setTimeout(() => timer.reject(new Error(failure())), LIMIT_MS);
  try {
    await Promise.race([promise, timer.promise]);
  } finally {
    clearTimeout(id);
  }
}
