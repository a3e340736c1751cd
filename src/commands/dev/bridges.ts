/** What the page shows of the bridges of this machine: out of the folder that keeps their state. */
import { retryLetter } from "../../bridge/delivery/retry-letter.ts";
import type { Context } from "../../cli/command.ts";
import type { BridgeLook, Bridges, RowPlace } from "../../page/bridges.ts";
import type { PageBridge, Standing } from "../../page/wire.ts";
import { systemClock, type Clock } from "../../shared/clock.ts";
import { messageOf, MoleculeError } from "../../shared/errors.ts";
import { isWorkspaceId } from "../../shared/ids.ts";
import type { Secrets } from "../../shared/secrets.ts";
import { LocalStore } from "../../store/local.ts";
import { openDeadLetters } from "../../store/open-dead-letters.ts";
import { isBusy } from "../../store/store-error.ts";
import { StoreLook, type StandingView } from "../../store/store-look.ts";
import { findRunning, holdsLock, type Running } from "../status/running.ts";

/** A process writes of itself once a second at the most, so that it need not be asked more often, in ms. */
const FRESH_MS = 500;
/** Who is not asked for so long is forgotten, in ms. */
const FORGET_MS = 60_000;

/** A retry waits so long for a bridge that is writing, in ms: while it does, this whole process stands still. */
const WAIT_MS = 20;
/** It is tried again after such pauses, for so long, in ms. */
const PAUSE_MS = 50;
const PATIENCE_MS = 5_000;

/**
 * The bridges whose state lies in the folder. What they have written is masked, also with the tokens that
 * are kept there. A look gives the same standings, as an object, until one of them has changed.
 */
export function bridgesIn(
  folder: string,
  { io }: { io: Pick<Context["io"], "secrets"> },
  clock: Clock = systemClock,
): Bridges {
  return new LocalBridges(folder, io.secrets, clock);
}

/** What runs, by workspace, and what is wrong where that can't be told. */
interface Census {
  running: ReadonlyMap<string, Running>;
  fault: string | undefined;
}

/** What is kept of a workspace, and what was told of that last. */
interface Kept {
  store: StoreLook;
  last: { view: StandingView; isServed: boolean; told: BridgeLook["standings"] } | undefined;
  /** By the monotonic clock. */
  askedAt: number;
}

class LocalBridges implements Bridges {
  readonly #folder: string;
  readonly #secrets: Secrets;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  #census: { at: number; taken: Promise<Census> } | undefined;

  constructor(folder: string, secrets: Secrets, clock: Clock) {
    this.#folder = folder;
    this.#secrets = secrets;
    this.#clock = clock;
  }

  async look(workspaceId: string): Promise<BridgeLook | undefined> {
    if (!isWorkspaceId(workspaceId)) return undefined;
    const census = await this.#count();
    const found = census.running.get(workspaceId);
    const { fault } = census;
    const kept = this.#of(workspaceId);
    const faults = fault === undefined ? [] : [fault];
    let view: StandingView | undefined;
    try {
      view = kept.store.look();
      if (view === undefined) kept.last = undefined;
      if (view === undefined && found === undefined) return undefined;
    } catch (error) {
      faults.push(faultOf(error));
      view = kept.last?.view;
    }
    const standings = await this.#tell(workspaceId, kept, view, isServed(census, workspaceId));
    return { bridge: this.#bridge(found, view, faults), standings };
  }

  async standings(workspaceId: string, rows: readonly RowPlace[]): Promise<Map<string, Standing>> {
    if (!isWorkspaceId(workspaceId)) return new Map();
    const kept = this.#of(workspaceId);
    let found: ReadonlyMap<string, Standing>;
    try {
      found = kept.store.of(rows);
    } catch {
      // What keeps it from being read is told with each look; and these are, with the first that succeeds.
      const ids = new Set(rows.map(({ id }) => id));
      return new Map([...(kept.last?.told ?? [])].filter(([id]) => ids.has(id)));
    }
    await this.#learn(workspaceId);
    return this.#show(found, isServed(await this.#count(), workspaceId));
  }

  async retry(workspaceId: string, activityId: string): Promise<boolean> {
    if (!isWorkspaceId(workspaceId)) return false;
    const until = this.#clock.monotonic() + PATIENCE_MS;
    for (;;) {
      try {
        return await this.#retryNow(workspaceId, activityId);
      } catch (error) {
        if (!isBusy(error) || this.#clock.monotonic() >= until) throw error;
        await this.#clock.sleep(PAUSE_MS);
      }
    }
  }

  async #retryNow(workspaceId: string, activityId: string): Promise<boolean> {
    const opened = openDeadLetters(this.#folder, workspaceId, this.#clock, WAIT_MS);
    if (opened === undefined) return false;
    try {
      return await retryLetter(opened.letters, activityId);
    } finally {
      opened.close();
    }
  }

  #of(workspaceId: string): Kept {
    let kept = this.#kept.get(workspaceId);
    if (kept === undefined) {
      const store = new StoreLook(this.#folder, workspaceId, { clock: this.#clock });
      kept = { store, last: undefined, askedAt: 0 };
      this.#kept.set(workspaceId, kept);
    }
    kept.askedAt = this.#clock.monotonic();
    return kept;
  }

  /** One reading for all who ask, however many workspaces there are. */
  #count(): Promise<Census> {
    const now = this.#clock.monotonic();
    if (this.#census === undefined || now - this.#census.at >= FRESH_MS) {
      this.#census = { at: now, taken: takeCensus(this.#folder, this.#clock.now()) };
      this.#tidy(now);
    }
    return this.#census.taken;
  }

  /** Workspaces that are removed are not asked for any more. */
  #tidy(now: number): void {
    for (const [workspaceId, { store, askedAt }] of this.#kept) {
      if (now - askedAt >= FORGET_MS && store.release()) this.#kept.delete(workspaceId);
    }
  }

  async #tell(
    workspaceId: string,
    kept: Kept,
    view: StandingView | undefined,
    isServed: boolean,
  ): Promise<BridgeLook["standings"]> {
    const { last } = kept;
    if (last !== undefined && last.view === view && last.isServed === isServed) return last.told;
    await this.#learn(workspaceId);
    if (view === undefined) return new Map();
    const told = this.#show(view.standings, isServed);
    kept.last = { view, isServed, told };
    return told;
  }

  /** A reason may hold what was once said of a token. One that can't be read can't be used, either. */
  async #learn(workspaceId: string): Promise<void> {
    const store = new LocalStore(this.#folder, workspaceId);
    this.#secrets.add(await store.loadToken().catch(() => undefined));
  }

  #show(standings: ReadonlyMap<string, Standing>, isServed: boolean): Map<string, Standing> {
    return new Map(
      [...standings].map(([id, standing]) => {
        const { state, reason } = standing;
        // Its bridge is gone: the next one begins again with it.
        if (state === "running" && !isServed) return [id, { ...standing, state: "journal" }];
        return reason === undefined
          ? [id, standing]
          : [id, { ...standing, reason: this.#secrets.mask(reason) }];
      }),
    );
  }

  #bridge(
    found: Running | undefined,
    view: StandingView | undefined,
    faults: readonly string[],
  ): PageBridge {
    const { status, pid, since, state = "none", troubles = [] } = found ?? {};
    const { unsettled, outbox, deadLetters } = view ?? status?.store ?? NO_COUNTS;
    return {
      state,
      troubles: [...faults, ...troubles].map((trouble) => this.#secrets.mask(trouble)),
      backend: status === undefined ? null : this.#secrets.mask(status.backend),
      pid: pid ?? null,
      since: since ?? null,
      wake: status?.wake ?? null,
      unsettled,
      outbox,
      deadLetters,
    };
  }
}

const NO_COUNTS = { unsettled: 0, outbox: 0, deadLetters: 0 };

/** The one that works is the first of several (see {@link findRunning}). Never rejects. */
async function takeCensus(folder: string, now: number): Promise<Census> {
  try {
    const running = new Map<string, Running>();
    for (const one of await findRunning(folder, now)) {
      if (!running.has(one.workspaceId)) running.set(one.workspaceId, one);
    }
    return { running, fault: undefined };
  } catch (error) {
    return { running: new Map(), fault: faultOf(error) };
  }
}

/** Where that can't be told, the store is taken at its word. */
function isServed({ running, fault }: Census, workspaceId: string): boolean {
  const found = running.get(workspaceId);
  return fault !== undefined || (found !== undefined && holdsLock(found));
}

/** What went wrong, and what to do. */
function faultOf(error: unknown): string {
  const hint = error instanceof MoleculeError ? error.hint : undefined;
  return hint === undefined ? messageOf(error) : `${messageOf(error)}. ${hint}`;
}
