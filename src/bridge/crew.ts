/** Everyone who works in a bridge, made from its parts and introduced to each other. */
import type { Cursor } from "../store/store.ts";
import { assembleCore } from "./core.ts";
import { Delivery } from "./delivery/delivery.ts";
import { Handover } from "./delivery/handover.ts";
import { Poster } from "./delivery/post.ts";
import { Tries } from "./delivery/tries.ts";
import type { Emit } from "./events.ts";
import { Feed, type FeedStart } from "./feed/feed.ts";
import { Rhythm } from "./feed/rhythm.ts";
import { Saver } from "./feed/saver.ts";
import { Attacher } from "./files/attach.ts";
import type { Naps } from "./naps.ts";
import type { BridgeOptions, BridgeParts } from "./parts.ts";
import { Admittance } from "./runs/admittance.ts";
import { Endings } from "./runs/endings.ts";
import { Entry } from "./runs/entry.ts";
import { Interim } from "./runs/interim.ts";
import { Lanes } from "./runs/lanes.ts";
import { Slots } from "./runs/slots.ts";
import { Turns } from "./runs/turns.ts";
import { Worker } from "./runs/worker.ts";
import { Standing } from "./standing.ts";
import type { Stops } from "./stops.ts";
import { Wake } from "./wake/wake.ts";

/** How long the feed may be without a word between two of its calls. */
const FETCH_MS = 120_000;

export type Crew = ReturnType<typeof assemble>;

export function assemble(
  options: BridgeOptions,
  given: BridgeParts,
  stops: Stops,
  naps: Naps,
  { cursor, start }: { cursor: Cursor; start: FeedStart },
) {
  const emit: Emit = (event) => {
    // Its connection was opened with the old one.
    if (event.type === "token-changed") wake.reopen();
    // Whoever was answered may have asked more, and nobody may have told of it.
    if (event.type === "answered" && !wake.isRelaxed) wake.hint("busy");
    given.emit(core.names.introduce(event));
  };
  const parts = { ...given, emit };
  const { platform, store, clock, random } = parts;
  const core = assembleCore(options, parts, stops, naps);
  const { watchdog, renewal, keeper, pace, files, gate, budget } = core;
  const saver = new Saver({ store, naps, random, emit, anchor: () => feed.anchor }, cursor);
  const prod = () => core.vitals.changed.ring();
  const onRotated = () => void renewal.expect();
  const wakeParts = { platform, clock, random, emit, naps, requests: given.requests };
  const wake = new Wake({ ...wakeParts, spare: () => pace.spare(), prod, onRotated });
  const rhythm = new Rhythm({ clock, random, emit, pace, wake }, options.intervalMs);
  const beforeLoad = async (signal: AbortSignal) => {
    await pace.beforeFetch(signal);
    watchdog.expect("intake", FETCH_MS);
  };
  const settled = () => saver.cursor.settled;
  const feed = new Feed({ platform, emit, beforeLoad, clock, settled }, start);
  const standing = new Standing(parts, options.workspaceId, renewal);
  const tries = new Tries(parts);
  const poke = (lane: string) => lanes.poke(lane);
  const handover = new Handover(parts, { keeper, tries, poke }, stops.cut);
  const poster = new Poster(parts, { keeper, pace, handover }, stops);
  const { workspaceId } = options;
  const attacher = new Attacher(
    parts,
    { keeper, pace, standing, watchdog },
    workspaceId,
    stops.cut,
  );
  const posting = { naps, watchdog, keeper, poster, standing, attacher, tries };
  const delivery = new Delivery(parts, posting, stops);
  const turnsParts = { journal: store.journal, keeper, clock, naps, emit };
  const turns = new Turns(turnsParts, options.turnLimit, options.once);
  const slots = new Slots(options.concurrency);
  const admittance = new Admittance({ clock, emit }, options.allowFrom);
  const interim =
    options.progress === "notify"
      ? new Interim({ platform, clock, pace, lock: store.lock, emit })
      : undefined;
  const endings = new Endings(parts, { delivery, files, keeper, saver });
  const entry = new Entry(parts, options, { admittance, budget, gate, slots, turns });
  const deps = { ...core, interim, endings, entry, saver, slots };
  const worker = new Worker(parts, options, deps, stops);
  const lanes = new Lanes((lane) => worker.work(lane));
  return { ...deps, handover, feed, worker, lanes, wake, rhythm };
}
