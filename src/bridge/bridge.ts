/**
 * The bridge: registers, beats, and works through the feed until it is told to stop or can't go on.
 * Reads as its life does; each step is in its own file.
 */
import { LATE, within } from "../shared/clock.ts";
import { Delivery } from "./delivery.ts";
import { Feed } from "./feed.ts";
import { runHeartbeat } from "./heartbeat.ts";
import { runIntake, unsavedError, type Tally } from "./intake.ts";
import { Naps } from "./naps.ts";
import type { BridgeOptions, BridgeParts } from "./parts.ts";
import { register } from "./register.ts";
import { Renewal } from "./renewal.ts";
import { Saver } from "./saver.ts";
import { Vitals } from "./vitals.ts";
import { Watchdog } from "./watchdog.ts";

/** How long cut work may take to end its children before it is left behind. */
const LAST_WAIT_MS = 5_000;
const DAY_MS = 86_400_000;

/**
 * Runs until `drain` aborts (then finishes what is in hand, for at most the grace time), or, with
 * `once`, until the backlog is settled. Rejects with a MoleculeError that says why it had to end.
 */
export async function runBridge(
  options: BridgeOptions,
  parts: BridgeParts,
  drain: AbortSignal,
): Promise<void> {
  const { platform, store, clock, emit, random } = parts;
  const naps = new Naps(clock);
  const watchdog = new Watchdog(clock);
  const vitals = new Vitals(clock);
  const saver = new Saver({ store, naps, random, emit });
  const tally: Tally = { settled: 0, unsettled: 0 };
  /** Ends everything that runs beside the work. */
  const life = new AbortController();
  /** Ends the work itself, once the grace time is over. */
  const cut = new AbortController();
  const renewal = new Renewal(parts, life.signal);
  const delivery = new Delivery(parts, options, { naps, watchdog, renewal });

  const cursor = await store.loadCursor();
  await register(parts, options, naps, drain);
  if (drain.aborted) return emit({ type: "stopped", ...tally, openReplies: 0 });

  const onProgress = () => watchdog.expect("intake", 120_000);
  const windowNow = () => earlierNow(platform.serverNow(), clock.now());
  const feed = new Feed({ platform, emit, onProgress, windowNow }, cursor);
  if (feed.openWindow(options.sinceSecs)) await saver.save(feed.cursor);
  emit({
    type: "connected",
    workspaceId: options.workspaceId,
    start: feed.start,
    from: feed.cursor.lastSinceId ?? feed.cursor.windowStart ?? "",
  });

  const startGrace = () => void clock.sleep(options.graceMs, life.signal).then(() => cut.abort());
  const onDrain = () => {
    emit({ type: "draining", running: vitals.running, graceMs: options.graceMs });
    startGrace();
  };
  drain.addEventListener("abort", onDrain, { once: true });
  const { maxOfflineMs } = options;
  const guard = watchdog.run({ maxOfflineMs, emit, onWake: () => naps.wakeAll() }, life.signal);
  const beating = runHeartbeat(parts, options, { vitals, watchdog, naps, renewal }, life.signal);
  const deps = { feed, saver, delivery, vitals, watchdog, naps, renewal };
  // Where the guard ends the run, nobody has asked it to drain.
  const stops = { drain: AbortSignal.any([drain, cut.signal]), cut: cut.signal };
  const working = runIntake(parts, options, deps, stops, tally);
  // Work that was cut and still does not end (a disk that hangs) is left behind.
  const cutShort = Promise.withResolvers<void>();
  const onCut = () => void clock.sleep(LAST_WAIT_MS, life.signal).then(cutShort.resolve);
  cut.signal.addEventListener("abort", onCut, { once: true });
  try {
    // The guard ends early only by rejecting.
    await Promise.race([working, guard.then(() => working), cutShort.promise]);
    if (!drain.aborted) startGrace();
    await delivery.settleOpen(cut.signal);
  } finally {
    drain.removeEventListener("abort", onDrain);
    cut.abort();
    await within(
      clock,
      LAST_WAIT_MS,
      working.catch(() => {}),
    );
    life.abort();
    await Promise.all([beating, guard.catch(() => {})]);
    const closing = saver.close().then(
      () => undefined,
      (error: unknown) => unsavedError(error),
    );
    const closed = await within(clock, LAST_WAIT_MS, closing);
    const saved = closed === LATE ? unsavedError(new Error("the disk does not answer")) : closed;
    emit({ type: "stopped", ...tally, openReplies: delivery.open });
    if (saved !== undefined) throw saved;
  }
}

/**
 * Now, for the start of a first run's window: the server's clock counts, but one that runs a little
 * ahead must not hide messages. Clocks that are a day apart can't both be meant.
 */
function earlierNow(serverMs: number, oursMs: number): number {
  return Math.abs(serverMs - oursMs) > DAY_MS ? serverMs : Math.min(serverMs, oursMs);
}
