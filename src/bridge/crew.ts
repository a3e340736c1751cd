/** Everyone who works in a bridge, made from its parts and introduced to each other. */
import { within } from "../shared/clock.ts";
import type { Cursor } from "../store/store.ts";
import { Admittance } from "./admittance.ts";
import { Budget } from "./budget.ts";
import { Attacher } from "./attach.ts";
import { Delivery } from "./delivery.ts";
import { Endings } from "./endings.ts";
import { Entry } from "./entry.ts";
import type { Emit } from "./events.ts";
import { Feed, type FeedStart } from "./feed.ts";
import { Gate } from "./gate.ts";
import { Handover } from "./handover.ts";
import { Interim } from "./interim.ts";
import { Keeper } from "./keeper.ts";
import { Lanes } from "./lanes.ts";
import { MessageFiles } from "./message-files.ts";
import { Naps } from "./naps.ts";
import { Pace } from "./pace.ts";
import type { BridgeOptions, BridgeParts } from "./parts.ts";
import { Patience } from "./patience.ts";
import { PeerNames } from "./peer-names.ts";
import { Poster } from "./post.ts";
import { Renewal } from "./renewal.ts";
import { Saver } from "./saver.ts";
import { Slots } from "./slots.ts";
import { Standing } from "./standing.ts";
import { Turns } from "./turns.ts";
import { Vitals } from "./vitals.ts";
import { Watchdog } from "./watchdog.ts";
import { Worker } from "./worker.ts";

/** How long a backend's check may take. */
const CHECK_MS = 60_000;
/** How long the feed may be without a word between two of its calls. */
const FETCH_MS = 120_000;

/** The signals that end a bridge, in the order in which they come. */
export interface Stops {
  /** Take no new work. */
  drain: AbortSignal;
  /** End what is running, too. */
  cut: AbortSignal;
  /** End what runs beside the work: heartbeats, the watchdog. */
  life: AbortSignal;
}

export type Crew = ReturnType<typeof assemble>;

export function assemble(
  options: BridgeOptions,
  given: BridgeParts,
  stops: Stops,
  naps: Naps,
  { cursor, start }: { cursor: Cursor; start: FeedStart },
) {
  const emit: Emit = (event) => given.emit(names.introduce(event));
  const parts = { ...given, emit };
  const { platform, store, clock, random, backend } = parts;
  const watchdog = new Watchdog(clock);
  const vitals = new Vitals(clock, options.progress !== "off");
  const renewal = new Renewal(parts, stops.life);
  const keeper = new Keeper({ naps, random, emit }, stops.cut);
  const saver = new Saver({ store, naps, random, emit, anchor: () => feed.anchor }, cursor);
  const pace = new Pace({ platform, clock, naps, watchdog });
  const names = new PeerNames({ platform, clock, pace });
  const beforeLoad = async (signal: AbortSignal) => {
    await pace.beforeFetch(signal);
    watchdog.expect("intake", FETCH_MS);
  };
  const settled = () => saver.cursor.settled;
  const feed = new Feed({ platform, emit, beforeLoad, clock, settled }, start);
  const standing = new Standing(parts, options.workspaceId, renewal);
  const poke = (lane: string) => lanes.poke(lane);
  const handover = new Handover(parts, keeper, poke, stops.cut);
  const poster = new Poster(parts, { keeper, pace, handover }, stops);
  const { workspaceId } = options;
  const files = new MessageFiles(parts, { keeper, naps, pace, watchdog }, workspaceId, stops.cut);
  const attacher = new Attacher(
    parts,
    { keeper, pace, standing, watchdog },
    workspaceId,
    stops.cut,
  );
  const posting = { naps, watchdog, keeper, poster, standing, attacher };
  const delivery = new Delivery(parts, posting, stops);
  const check = async () => void (await within(clock, CHECK_MS, backend.check()));
  // Who settles a backlog and ends does not wait for an operator.
  const gate = new Gate({ naps, clock, emit, check }, options.once ? 0 : options.maxPausedMs);
  vitals.trouble = () => gate.trouble?.reason;
  const turnsParts = { journal: store.journal, keeper, clock, naps, emit };
  const turns = new Turns(turnsParts, options.turnLimit, options.once);
  const slots = new Slots(options.concurrency);
  const admittance = new Admittance({ clock, emit }, options.allowFrom);
  const budgetParts = { memory: store.memory, keeper, clock, naps, emit };
  const budget = new Budget(budgetParts, options.dailyBudgetUsd, options.once);
  vitals.spentCents = () => budget.monthCents;
  const interim =
    options.progress === "notify" ? new Interim({ platform, clock, pace, emit }) : undefined;
  const patience = new Patience(clock);
  const endings = new Endings(parts, { delivery, files, keeper, saver });
  const entry = new Entry(parts, options, { admittance, budget, gate, slots, turns });
  const running = { budget, files, interim, keeper, names, patience, vitals, watchdog };
  const deps = { ...running, endings, entry, gate, naps, pace, saver, slots };
  const worker = new Worker(parts, options, deps, stops);
  const lanes = new Lanes((lane) => worker.work(lane));
  return { ...deps, renewal, handover, feed, worker, lanes };
}
