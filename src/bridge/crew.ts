/** Everyone who works in a bridge, made from its parts and introduced to each other. */
import { within } from "../shared/clock.ts";
import type { Cursor } from "../store/store.ts";
import { Delivery } from "./delivery.ts";
import { Feed, type FeedStart } from "./feed.ts";
import { Gate } from "./gate.ts";
import { Handover } from "./handover.ts";
import { Keeper } from "./keeper.ts";
import { Lanes } from "./lanes.ts";
import { MessageFiles } from "./message-files.ts";
import { Naps } from "./naps.ts";
import { Pace } from "./pace.ts";
import type { BridgeOptions, BridgeParts } from "./parts.ts";
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
  parts: BridgeParts,
  stops: Stops,
  naps: Naps,
  { cursor, start }: { cursor: Cursor; start: FeedStart },
) {
  const { platform, store, clock, emit, random, backend } = parts;
  const watchdog = new Watchdog(clock);
  const vitals = new Vitals(clock);
  const renewal = new Renewal(parts, stops.life);
  const keeper = new Keeper({ naps, random, emit }, stops.cut);
  const saver = new Saver({ store, naps, random, emit, anchor: () => feed.anchor }, cursor);
  const pace = new Pace({ platform, clock, naps, watchdog });
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
  const delivery = new Delivery(parts, { naps, watchdog, keeper, poster, standing }, stops);
  const check = async () => void (await within(clock, CHECK_MS, backend.check()));
  // Who settles a backlog and ends does not wait for an operator.
  const gate = new Gate({ naps, clock, emit, check }, options.once ? 0 : options.maxPausedMs);
  vitals.trouble = () => gate.trouble?.reason;
  const turnsParts = { journal: store.journal, keeper, clock, naps, emit };
  const turns = new Turns(turnsParts, options.turnLimit, options.once);
  const slots = new Slots(options.concurrency);
  const files = new MessageFiles();
  const deps = { files, keeper, vitals, watchdog, naps, saver, delivery, gate, slots, turns };
  const worker = new Worker(parts, options, deps, stops);
  const lanes = new Lanes((lane) => worker.work(lane));
  return { ...deps, renewal, handover, feed, worker, lanes };
}
