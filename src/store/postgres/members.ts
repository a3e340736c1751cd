/**
 * This process among those that share the database: it says all the time that it lives, takes workspaces
 * that are free, and finds out when one is its own no more.
 */
import { unlessAborted } from "../../shared/abortions.ts";
import { fullJitter } from "../../shared/backoff.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Holder } from "../store-lock.ts";
import type { PostgresClient } from "./client.ts";
import { Contact, type StoreEvent } from "./contact.ts";
import { Ear } from "./ear.ts";
import type { Lease } from "./lease.ts";
import * as queries from "./member-queries.ts";
import { Share } from "./share.ts";
import { FREE, TOUCHED, type Writer } from "./statements.ts";

/** After a failure the next try comes soon: the lease runs. */
const RETRY_BASE_MS = 250;
const RETRY_CAP_MS = 2_000;
/** Who waits looks at least so often, also where nobody can tell him that something is free. */
const LOOK_MS = 1_000;
/** After another's lease has run out: more than a clock's rounding. */
const AFTER_MS = 20;

export interface MembersParts {
  clock: Clock;
  random(): number;
  tell(event: StoreEvent): void;
}

export class Members {
  readonly #client: PostgresClient;
  readonly #work: PostgresClient;
  readonly #self: queries.Self;
  readonly #parts: MembersParts;
  readonly #waiting = new Map<string, Lease>();
  readonly #held = new Map<string, Lease>();
  /** Whose rows are there. */
  readonly #entered = new Set<string>();
  #bell = new AbortController();
  #isOver = false;
  #next = nextLook();
  #running: Promise<void> | undefined;
  readonly #contact: Contact;
  readonly #share: Share;
  readonly #ear: Ear;
  /** An answer was lost: what Postgres says that we hold may be other than what we think. */
  #isInDoubt = false;

  /** `client` is for the saying that we live alone: nothing else may keep it waiting. */
  constructor(
    client: PostgresClient,
    work: PostgresClient,
    self: queries.Self,
    parts: MembersParts,
  ) {
    this.#client = client;
    this.#work = work;
    this.#self = self;
    this.#parts = parts;
    this.#contact = new Contact(parts.clock, self.leaseMs, parts.tell);
    this.#share = new Share(self.capacity, parts.clock);
    this.#ear = new Ear(client, {
      tell: parts.tell,
      hear: (text) => this.#hear(text),
      onOpen: () => this.#bell.abort(),
    });
  }

  /** Whether the database answers. */
  get contact(): Contact {
    return this.#contact;
  }

  /** How many processes serve workspaces of our list, with us. */
  get serving(): number {
    return this.#share.othersServing + 1;
  }

  /** Whether it is sure at this moment that what we hold is ours. */
  get isSure(): boolean {
    return this.#contact.isSure;
  }

  /** The lease wants its workspace: resolves once that was looked for, whatever came of it. */
  async want(lease: Lease): Promise<void> {
    this.#waiting.set(lease.workspaceId, lease);
    await this.looked();
  }

  /** Resolves after a look that begins from now on, whatever came of it, or when a signal aborts. */
  async looked(signal?: AbortSignal): Promise<void> {
    this.#running ??= this.#run();
    const { promise } = this.#next;
    // Not before its time while it fails: each try has its pause.
    if (!this.#contact.isAway) this.#bell.abort();
    await unlessAborted(promise, signal);
  }

  /** Who has the workspace; undefined also where that can't be told. */
  async holderOf(id: string): Promise<Holder | undefined> {
    return queries.holderOf(this.#work, id).catch(() => undefined);
  }

  async release(lease: Lease, writer: Writer | undefined): Promise<void> {
    const { workspaceId: id } = lease;
    this.#waiting.delete(id);
    this.#held.delete(id);
    if (writer === undefined) return;
    // It is made good at the next look; where there is none, it runs out with the lease.
    await queries.release(this.#work, id, writer).catch(() => (this.#isInDoubt = true));
  }

  /** Finds out whether the lease is held; loses it if not. Rejects where that can't be found out. */
  async recheck(lease: Lease): Promise<void> {
    if (!lease.isHeld) return;
    const isOurs = () => queries.isHeldBy(this.#work, lease.workspaceId, lease.writer);
    if (await isOurs()) return;
    // We may have been removed: what nobody has taken since is ours again after a look.
    await this.looked();
    if (lease.isHeld && !(await isOurs())) this.#lose(lease);
  }

  /** Ends it: whatever is still held is free for others. Never rejects. */
  async close(): Promise<void> {
    this.#isOver = true;
    this.#ear.close();
    this.#bell.abort();
    if (this.#running === undefined) return;
    await this.#running;
    await queries.leave(this.#client, this.#self).catch(() => {});
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#parts;
    for (let failures = 0; !this.#isOver;) {
      const looking = this.#next;
      this.#next = nextLook();
      this.#bell = new AbortController();
      let pauseMs: number;
      try {
        pauseMs = await this.#look();
        failures = 0;
        this.#contact.back();
      } catch (error) {
        failures += 1;
        this.#isInDoubt = true;
        this.#contact.away(error);
        pauseMs = RETRY_BASE_MS / 2 + fullJitter(failures, random, RETRY_BASE_MS, RETRY_CAP_MS);
      }
      looking.resolve();
      await clock.sleep(pauseMs, this.#bell.signal);
    }
    this.#next.resolve();
  }

  /** One look: says that we live, and does what is to be done. Gives when to look again, in ms. */
  async #look(): Promise<number> {
    const { leaseMs } = this.#self;
    const sent = this.#contact.now();
    const load = { holding: this.#held.size, waiting: this.#waiting.size };
    const renewal = await queries.renew(this.#client, this.#self, load);
    this.#share.othersCapacity = renewal.othersCapacity;
    this.#share.othersServing = renewal.othersServing;
    if (renewal.joined || this.#isInDoubt) await this.#reconcile();
    this.#contact.renewed(sent);
    void this.#ear.open();
    for (const id of renewal.touched) this.#held.get(id)?.touch();
    this.#share.shed(this.#held, this.#waiting.size);
    if (this.#waiting.size === 0) return leaseMs / 3;
    // Others that have run out are removed, unless they may have been cut off as we were.
    if ((renewal.nextMs ?? 1) <= 0 && this.#contact.mayJudge) {
      await queries.removeExpired(this.#client, this.#self);
    }
    await this.#claim();
    if (this.#waiting.size === 0) return leaseMs / 3;
    const next = renewal.nextMs ?? Infinity;
    return Math.min(leaseMs / 3, LOOK_MS, next > 0 ? next + AFTER_MS : LOOK_MS);
  }

  /**
   * After we were removed, or an answer was lost: what nobody has taken meanwhile is ours again, as if nothing
   * had been, and what we were given without hearing of it, or could not give back, is free.
   */
  async #reconcile(): Promise<void> {
    this.#isInDoubt = false;
    // A row that somebody has removed is made again.
    this.#entered.clear();
    const held = new Map(
      [...this.#held].map(([id, lease]) => [id, { lease, writer: lease.writer }]),
    );
    const writers = new Map([...held].map(([id, { writer }]) => [id, writer]));
    const kept = await queries.reconcile(this.#client, this.#self, writers);
    for (const [id, { lease, writer }] of held) {
      if (!kept.has(id)) {
        if (this.#held.get(id) === lease) this.#lose(lease);
        continue;
      }
      // Given back meanwhile, and taken again by this: nobody would serve it.
      if (this.#held.get(id) !== lease) await queries.release(this.#client, id, writer);
    }
  }

  async #claim(): Promise<void> {
    // Also where there is no room here: that nobody serves it is to be seen.
    const fresh = [...this.#waiting.keys()].filter((id) => !this.#entered.has(id));
    if (fresh.length > 0) {
      await queries.enter(this.#client, fresh);
      for (const id of fresh) this.#entered.add(id);
    }
    const room = this.#share.room(this.#held.size, this.#waiting.size);
    if (room <= 0) return;
    const ids = [...this.#waiting.keys()];
    const most = Math.min(room, ids.length);
    for (const [id, writer] of await queries.claim(this.#client, this.#self, ids, most)) {
      const lease = this.#waiting.get(id);
      if (lease === undefined) {
        // Its bridge has stopped waiting meanwhile.
        await queries.release(this.#client, id, writer);
        continue;
      }
      this.#waiting.delete(id);
      this.#held.set(id, lease);
      lease.grant(writer);
    }
  }

  #lose(lease: Lease): void {
    this.#held.delete(lease.workspaceId);
    lease.lose("this one could not say in time that it lives");
  }

  #hear(text: string): void {
    if (text === FREE && this.#waiting.size > 0) this.#bell.abort();
    if (text.startsWith(TOUCHED)) this.#held.get(text.slice(TOUCHED.length))?.touch();
  }
}

function nextLook(): PromiseWithResolvers<void> {
  return Promise.withResolvers<void>();
}
