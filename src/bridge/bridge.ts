/**
 * The bridge: registers, beats, and works through the feed until it is told to stop or can't go on.
 * Reads as its life does; each step is in its own file.
 */
import { within } from "../shared/clock.ts";
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
  const feed = new Feed({ platform, emit, onProgress }, cursor);
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
  try {
    // The guard ends early only by rejecting.
    await Promise.race([working, guard.then(() => working)]);
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
    const saved = await saver.close().then(
      () => undefined,
      (error: unknown) => unsavedError(error),
    );
    emit({ type: "stopped", ...tally, openReplies: delivery.open });
    if (saved !== undefined) throw saved;
  }
}
