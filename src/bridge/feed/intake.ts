/** The loop that reads the feed: fetch a page, enter its rows in the journal, hand on the lanes. */
import { MoleculeError } from "../../shared/errors.ts";
import type { Admission } from "../../store/store.ts";
import { entryOf, type Entry } from "./admission.ts";
import { type LookReason, senderName } from "../events.ts";
import type { FeedPage } from "./feed.ts";
import { Fetcher, SLACK_MS, type FetcherDeps } from "./fetcher.ts";
import type { Keeper } from "../keeper.ts";
import type { Lanes } from "../runs/lanes.ts";
import type { BridgeOptions, BridgeParts } from "../parts.ts";
import type { Looked, Rhythm } from "./rhythm.ts";
import type { Saver } from "./saver.ts";
import type { Wake } from "../wake/wake.ts";

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
  rhythm: Rhythm;
  saver: Saver;
  wake: Wake;
}

/** Reads until drained, or, with `once`, until all is settled. Rejects with what ends the run. */
export async function runIntake(
  parts: BridgeParts,
  options: BridgeOptions,
  deps: IntakeDeps,
  drain: AbortSignal,
): Promise<void> {
  const { lanes, watchdog, wake } = deps;
  const { clock, emit } = parts;
  const fetcher = new Fetcher(parts, options, deps);
  let why: LookReason = "start";
  let pages = 0;
  try {
    while (!drain.aborted) {
      await waitForRoom(parts, options, deps, drain);
      const looked = wake.look(why);
      const began = clock.monotonic();
      const page = await fetcher.next(drain);
      if (page === undefined) return;
      const { found, messages } = await enter(parts, options, deps, page);
      const ms = clock.monotonic() - began;
      emit({ type: "looked", why, rows: page.rows.length, found, ms });
      looked(messages);
      if (page.more) {
        why = "more";
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
      why = await rest(deps, { ...page, why, found }, drain);
    }
  } finally {
    watchdog.dismiss("intake");
  }
}

/** Waits until it is time to look again, or something speaks for it; gives what that is. */
async function rest(
  { rhythm, watchdog, naps, wake }: IntakeDeps,
  looked: Looked,
  drain: AbortSignal,
): Promise<LookReason> {
  const { ms, why } = rhythm.after(looked);
  watchdog.expect("intake", ms + SLACK_MS);
  // What was told of during the look may have come too late for it.
  if (wake.reason === undefined) await naps.napUntil(wake.bell, ms, drain);
  if (wake.reason === undefined) return why;
  if (wake.reason === "event" && rhythm.alarmMs > 0) await naps.nap(rhythm.alarmMs, drain);
  return wake.reason;
}

/** Enters a page; gives how many of its rows were not known, and how many of those are messages. */
async function enter(
  { store, emit }: BridgeParts,
  { workspaceId }: BridgeOptions,
  { keeper, lanes, saver, feed, watchdog }: IntakeDeps,
  page: FeedPage,
): Promise<{ found: number; messages: number }> {
  if (page.rows.length === 0) return NOTHING;
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
  if (rows.length === 0 && anchor === undefined) return NOTHING;
  const admissions = await keeper.do(() => store.journal.admit(rows, anchor));
  let [found, messages] = [0, 0];
  for (const [index, entry] of entries.entries()) {
    const admission = admissions[index];
    if (admission === undefined || admission.kind === "known") continue;
    found += 1;
    tell(entry, admission, emit);
    if (admission.kind === "entered" && entry.row.message !== undefined) {
      messages += 1;
      lanes.poke(entry.row.message.lane);
    }
  }
  if (found > 0) emit({ type: "entered", rows: found });
  // Also where nothing is new: what need not be read again may have moved on.
  saver.touch();
  return { found, messages };
}

const NOTHING = { found: 0, messages: 0 };

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
