/** The loop that reads the feed: fetch a page, enter its rows in the journal, hand on the lanes. */
import { MoleculeError } from "../../shared/errors.ts";
import type { Admission } from "../../store/store.ts";
import { entryOf, type Entry } from "./admission.ts";
import { senderName } from "../events.ts";
import type { FeedPage } from "./feed.ts";
import { Fetcher, SLACK_MS, type FetcherDeps } from "./fetcher.ts";
import type { Keeper } from "../keeper.ts";
import type { Lanes } from "../runs/lanes.ts";
import type { BridgeOptions, BridgeParts } from "../parts.ts";
import type { Saver } from "./saver.ts";

/** How soon to look again where something was found: more often follows. */
const BUSY_MS = 250;
/**
 * Pages that are read at full speed until memory is given back: they leave garbage faster than the
 * collector finds it worth its while (125 MiB instead of 95 at the peak, over 400 MB of rows).
 */
const TIDY_PAGES = 4;
/** How often to see whether a full journal has room again. */
const ROOM_MS = 1_000;

export interface IntakeDeps extends FetcherDeps {
  keeper: Keeper;
  lanes: Lanes;
  saver: Saver;
}

/** Reads until drained, or, with `once`, until all is settled. Rejects with what ends the run. */
export async function runIntake(
  parts: BridgeParts,
  options: BridgeOptions,
  deps: IntakeDeps,
  drain: AbortSignal,
): Promise<void> {
  const { lanes, watchdog, naps } = deps;
  const fetcher = new Fetcher(parts, options, deps);
  let pages = 0;
  try {
    while (!drain.aborted) {
      await waitForRoom(parts, options, deps, drain);
      const page = await fetcher.next(drain);
      if (page === undefined) return;
      const found = await enter(parts, options, deps, page);
      if (page.more) {
        pages += 1;
        if (pages % TIDY_PAGES === 0) parts.releaseMemory();
        continue;
      }
      if (options.once && found === 0 && !page.left) {
        if (lanes.working === 0) return;
        // What came meanwhile is part of the backlog, too. The work has its own watch.
        watchdog.dismiss("intake");
        await lanes.untilIdle(drain);
        continue;
      }
      watchdog.expect("intake", options.intervalMs + SLACK_MS);
      const soon =
        (found > 0 || page.left) && !page.lost ? Math.min(BUSY_MS, options.intervalMs) : undefined;
      await naps.nap(soon ?? options.intervalMs, drain);
    }
  } finally {
    watchdog.dismiss("intake");
  }
}

/** Enters a page; gives how many of its rows were not known. */
async function enter(
  { store, emit }: BridgeParts,
  { workspaceId }: BridgeOptions,
  { keeper, lanes, saver, feed, watchdog }: IntakeDeps,
  page: FeedPage,
): Promise<number> {
  if (page.rows.length === 0) return 0;
  // A disk that is full may stay so for hours: that is no hanging loop.
  watchdog.dismiss("intake");
  emit({ type: "fetched", rows: page.rows.length });
  // Most of what is read again is known, and need not be looked into.
  const ids = page.rows.map(({ row }) => row.id);
  const known = await keeper.do(() => store.journal.known(ids));
  const unknown = page.rows.filter(({ row }) => !known.has(row.id));
  const entries = unknown.map((row) => entryOf(row, workspaceId));
  const rows = entries.map((entry) => entry.row);
  const anchor = feed.takeAnchor();
  if (rows.length === 0 && anchor === undefined) return 0;
  const admissions = await keeper.do(() => store.journal.admit(rows, anchor));
  let found = 0;
  for (const [index, entry] of entries.entries()) {
    const admission = admissions[index];
    if (admission === undefined || admission.kind === "known") continue;
    found += 1;
    tell(entry, admission, emit);
    if (admission.kind === "entered" && entry.row.message !== undefined) {
      lanes.poke(entry.row.message.lane);
    }
  }
  if (found > 0) emit({ type: "entered", rows: found });
  // Also where nothing is new: what need not be read again may have moved on.
  saver.touch();
  return found;
}

function tell({ row, skip }: Entry, admission: Admission, emit: BridgeParts["emit"]): void {
  if (skip !== undefined) emit({ type: "skipped", activityId: row.id, ...skip });
  else if (admission.kind === "repeat") {
    const reason = `its sender sent ${admission.of} again`;
    emit({ type: "skipped", activityId: row.id, reason, routine: false });
  } else if (admission.kind === "entered" && admission.reusedId) {
    emit({ type: "id-reused", activityId: row.id, from: senderName(row.message?.lane) });
  }
}

/** Where nothing more can be kept, nothing more is fetched: it is safe with the platform. */
async function waitForRoom(
  { store, emit, clock }: BridgeParts,
  { once, maxPausedMs }: BridgeOptions,
  { keeper, naps, watchdog }: IntakeDeps,
  drain: AbortSignal,
): Promise<void> {
  watchdog.dismiss("intake");
  let since: number | undefined;
  while (!drain.aborted) {
    const { full, waiting, deadLetters, bytes } = await keeper.do(() => store.journal.load());
    if (!full) break;
    if (since === undefined) {
      since = clock.monotonic();
      emit({ type: "journal-full", waiting, deadLetters, bytes });
    }
    // Only the operator can make room for what nobody works on.
    const stuck = waiting === 0 && (await keeper.do(() => store.outbox.count())) === 0;
    if (stuck && clock.monotonic() - since >= (once ? 0 : maxPausedMs))
      throw fullError(deadLetters);
    await naps.nap(ROOM_MS, drain);
  }
  if (since !== undefined) emit({ type: "journal-room", afterMs: clock.monotonic() - since });
}

function fullError(deadLetters: number): MoleculeError {
  return new MoleculeError(`the journal is full of dead letters (${deadLetters})`, {
    hint: "See them with molecule dead-letter list; retry makes them messages again, drop makes room.",
  });
}
