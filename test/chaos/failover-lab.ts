/** A failover drill: bridges that share a store, those who ask them all the time, and what it came to. */
import { closeSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createExternal } from "../../src/dev/create.ts";
import { startDevPlatform, type DevPlatform } from "../../src/dev/server.ts";
import type { Run } from "../harness/binary.ts";
import { configure, entryOf, execOf, fleet } from "../harness/fleet.ts";
import type { SharedPostgres } from "../harness/postgres.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { Bell, lookUntil } from "../harness/wait.ts";
import { Agent } from "./agent.ts";
import { Asker, type Member } from "./askers.ts";
import { Audit, type Change } from "./failover-audit.ts";
import { Bridge } from "./failover-bridge.ts";
import { type DrillVerdict, judgeDrill } from "./failover-verdict.ts";

export const LEASE_MS = 2_000;
/**
 * Where a bridge that lives is robbed: between its last post and the claim is a fifth of its lease, and posts are
 * told by when they come to this process, which may stand still as any.
 */
export const LONG_LEASE_MS = 8_000;
/** Far beyond any slow machine. */
const LIMIT_MS = 40_000;
/** How often it is looked for answers. */
const LOOK_MS = 50;

export interface DrillShape {
  workspaces: number;
  /** Of each workspace; the person at the canvas asks too. */
  peers: number;
  /** Workspaces that a bridge serves at most; undefined for all. */
  most?: number;
  leaseMs?: number;
}

const ONE: DrillShape = { workspaces: 1, peers: 2 };
/** For those where a bridge that lives is robbed. */
export const PATIENT: DrillShape = { ...ONE, leaseMs: LONG_LEASE_MS };

export class FailoverLab implements AsyncDisposable {
  readonly bridges: Bridge[] = [];
  /** Those that a workspace was taken from. */
  readonly robbed = new Set<Bridge>();
  readonly audit: Audit;
  readonly agent: Agent;
  readonly #platform: DevPlatform;
  readonly #workspaces: readonly Member[];
  readonly #askers: readonly Asker[];
  readonly #shape: DrillShape;
  readonly #folder: string;
  readonly #ends: AsyncDisposableStack;
  readonly #bell = new Bell();
  #asked = 0;
  #over = false;
  #asking: Promise<void> | undefined;

  private constructor(
    platform: DevPlatform,
    audit: Audit,
    shape: DrillShape,
    folder: string,
    ends: AsyncDisposableStack,
  ) {
    this.#platform = platform;
    this.audit = audit;
    this.#shape = shape;
    this.#folder = folder;
    this.#ends = ends;
    this.agent = new Agent(join(folder, "agent"));
    const members = (count: number) => Array.from({ length: count }, () => this.#member());
    this.#workspaces = members(shape.workspaces);
    this.#askers = this.#workspaces.flatMap((workspace) =>
      [...members(shape.peers), undefined].map((peer) => new Asker(platform, workspace, peer)),
    );
  }

  /** Starts so many bridges, one after the other, and asks from then on. */
  static async start(
    postgres: SharedPostgres,
    bridges: number,
    shape: DrillShape = ONE,
  ): Promise<FailoverLab> {
    const ends = new AsyncDisposableStack();
    try {
      const { path } = ends.use(tmpFolder());
      const platform = await startDevPlatform({ port: 0, db: ":memory:", rateLimit: 0 });
      ends.defer(() => platform.stop());
      const audit = ends.use(await Audit.start(await postgres.newDatabase()));
      const lab = new FailoverLab(platform, audit, shape, path, ends);
      for (let i = 0; i < bridges; i++) await lab.add();
      lab.#asking = lab.#ask();
      // A test that fails does not wait for it.
      void lab.#asking.catch(() => {});
      return lab;
    } catch (error) {
      await ends.disposeAsync();
      throw error;
    }
  }

  /** Starts another bridge; resolves when it serves a workspace or waits for one. */
  async add(): Promise<Bridge> {
    const number = this.bridges.length + 1;
    const bridge = await Bridge.start({
      number,
      folder: this.#folder,
      platform: this.#platform.url,
      postgres: await this.audit.addressFor(number),
      start: (url, home, env) => this.#launch(url, home, { ...env, ...this.agent.env(number) }),
    });
    this.bridges.push(this.#ends.use(bridge));
    const { run } = bridge;
    const tells = () => run.of("connected").length + run.of("lock-waiting").length > 0;
    await run.until(tells, "it is there");
    return bridge;
  }

  /** Who has what at this moment, by the number of the bridge. */
  async shares(): Promise<number[]> {
    const held = await this.audit.held();
    return this.bridges.map(({ number }) => held.filter(({ by }) => by === number).length);
  }

  /** Who has the one workspace; waits until somebody other than `than` has. */
  async holder(than?: Bridge): Promise<{ bridge: Bridge; claim: Change }> {
    let found: { bridge: Bridge; claim: Change } | undefined;
    await lookUntil(
      async () => {
        const [claim] = await this.audit.held();
        const bridge = this.bridges.find(({ number }) => number === claim?.by);
        if (claim !== undefined && bridge !== undefined && bridge !== than) {
          found = { bridge, claim };
        }
        return found !== undefined;
      },
      () => `nobody but bridge ${than?.number} has the workspace`,
      LIMIT_MS,
    );
    if (found === undefined) throw new Error("looked in vain");
    return found;
  }

  /** Another takes over from it without its doing: resolves when he is connected. */
  async takenFrom(bridge: Bridge): Promise<Bridge> {
    const before = new Map(this.bridges.map((one) => [one, one.run.of("connected").length]));
    this.robbed.add(bridge);
    const next = (await this.holder(bridge)).bridge;
    await next.run.untilEvent("connected", (before.get(next) ?? 0) + 1);
    return next;
  }

  /** Its runs stand still until {@link release}. */
  hold({ number }: Bridge): void {
    closeSync(openSync(this.#holdFile(number), "w"));
  }

  release({ number }: Bridge): void {
    rmSync(this.#holdFile(number));
  }

  /** Runs of it that have begun and not ended. */
  running({ number }: Bridge): number {
    return this.agent.runs.filter(({ life, ended }) => life === number && !ended).length;
  }

  /** Resolves when so many of its runs stand still, and all other answers to peers are posted. */
  async untilStill(bridge: Bridge, count: number): Promise<void> {
    await this.look(
      () => this.running(bridge) === count && this.unposted(bridge) === 0,
      () => `${this.running(bridge)} runs stand still, ${this.unposted(bridge)} answers to post`,
    );
  }

  /** Answers to peers that it has in the store and did not post yet. */
  unposted({ run }: Bridge): number {
    const toPeers = new Set(
      run
        .of("taken")
        .filter(({ from }) => from !== "canvas")
        .map(({ activity_id }) => activity_id),
    );
    const kept = run.of("reply-kept").filter(({ activity_id }) => toPeers.has(activity_id));
    return kept.length - run.of("answered").filter(({ to }) => to !== "canvas").length;
  }

  /** So many more messages are answered. */
  async untilAnswered(more: number): Promise<void> {
    const goal = this.answered + more;
    await this.#bell.until(() => this.answered >= goal, `${more} more answers`, LIMIT_MS);
  }

  get answered(): number {
    return this.#askers.reduce((sum, { answered }) => sum + answered.size, 0);
  }

  /** Waits for a condition that nobody rings a bell for. */
  look(condition: () => boolean | Promise<boolean>, failure: () => string): Promise<void> {
    return lookUntil(condition, failure, LIMIT_MS);
  }

  /** All that was asked is answered, the bridges stop, and nothing of them is left. */
  async end(): Promise<DrillVerdict> {
    this.#over = true;
    const answered = lookUntil(
      () => {
        // Also once all have asked.
        for (const asker of this.#askers) asker.look();
        return this.#askers.every(({ waiting }) => waiting === 0);
      },
      () => `${this.#asked - this.answered} messages are not answered`,
      LIMIT_MS,
    );
    await Promise.all([answered, this.#asking]);
    for (const bridge of this.bridges) {
      if (!bridge.alive) continue;
      bridge.run.signal("SIGTERM");
      await bridge.ends();
    }
    for (const { run } of this.bridges) await run.untilChildless();
    const { agent, bridges, robbed } = this;
    const changes = await this.audit.changes();
    return judgeDrill({ askers: this.#askers, agent, bridges, robbed, changes });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#ends.disposeAsync();
  }

  /** Everyone asks until it is over. */
  async #ask(): Promise<void> {
    const next = () => (this.#over ? undefined : ++this.#asked);
    let asking = true;
    const all = Promise.all(
      this.#askers.map((one) => one.ask(next, this.#bell, Math.random)),
    ).finally(() => (asking = false));
    void all.catch(() => {});
    while (asking) {
      for (const asker of this.#askers) asker.look();
      this.#bell.ring();
      await Bun.sleep(LOOK_MS);
    }
    await all;
  }

  #launch(url: string, home: string, env: Record<string, string>): Run {
    const { most, leaseMs = LEASE_MS } = this.#shape;
    // The agent's work is to sleep: it does so for as long as it is held.
    const held = `[ -e "${this.#holdFile("$CHAOS_LIFE")}" ]`;
    const sleep = `sleep() { command sleep "$@"; while ${held}; do command sleep 0.02; done; }`;
    const cmd = `${sleep}; ${this.agent.command}`;
    const entries = this.#workspaces.map(({ id, token }) => {
      const tokenFile = join(home, `${id}.token`);
      writeFileSync(tokenFile, token, { mode: 0o600 });
      const more = { ...execOf(cmd), since_secs: "86400", concurrency: "4", heartbeat_ms: "200" };
      return entryOf({ id, tokenFile, token, name: id }, more);
    });
    configure(home, url, entries);
    const flags = { lease: `${leaseMs}ms`, "max-workspaces": most, verbose: true } as const;
    return fleet(home, flags, [], { env });
  }

  #holdFile(number: number | string): string {
    return join(this.#folder, `hold-${number}`);
  }

  #member(): Member {
    const poll = { delivery_mode: "poll" } as const;
    const { id, token } = createExternal(this.#platform.database, "member", poll);
    if (token === undefined) throw new Error("a workspace without an address has a token");
    return { id, token };
  }
}
