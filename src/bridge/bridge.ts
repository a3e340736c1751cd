/**
 * The bridge: registers, beats, and works through the feed until it is told to stop or can't go on.
 * Reads as its life does; each step is in its own file.
 */
import { unlessAborted, whenAborted } from "../shared/abortions.ts";
import { LATE, within } from "../shared/clock.ts";
import { messageOf, MoleculeError } from "../shared/errors.ts";
import { assemble, type Crew } from "./crew.ts";
import { runHeartbeat } from "./presence/heartbeat.ts";
import { LAST_WAIT_MS, whileHeld } from "./presence/held.ts";
import { keepHouse } from "./housekeeping.ts";
import { runIntake } from "./feed/intake.ts";
import { Unwritten } from "./keeper.ts";
import { Naps } from "./naps.ts";
import type { BridgeOptions, BridgeParts } from "./parts.ts";
import { recoverRuns } from "./recovery.ts";
import { register } from "./presence/register.ts";
import { findStart } from "./feed/start.ts";
import { makeStops, type Asked } from "./stops.ts";

/**
 * Runs until `drain` aborts (then finishes what is in hand, for at most the grace time, or until `now`
 * aborts), or, with `once`, until the backlog is settled. Rejects with a MoleculeError that says why it
 * had to end.
 */
export async function runBridge(
  options: BridgeOptions,
  parts: BridgeParts,
  drain: AbortSignal,
  now: AbortSignal = new AbortController().signal,
): Promise<void> {
  const { clock, emit } = parts;
  const naps = new Naps(clock);
  const ran = await whileHeld(options, parts, { asked: drain, now }, async (stops) => {
    const leave = AbortSignal.any([stops.asked, stops.now]);
    // A shared store may be away; the closing of it ends what waits for it.
    await unlessAborted(recoverRuns(parts), leave);
    await register(parts, options, naps, leave);
    if (drain.aborted) return emit(STOPPED);
    if (leave.aborted) return;
    await live(options, parts, stops, naps);
  });
  if (!ran) emit(STOPPED);
}

/** For each step of an end where something did not come to its own. */
const SHORT_WAIT_MS = 1_000;

const STOPPED = {
  type: "stopped",
  settled: 0,
  dead: 0,
  waiting: 0,
  replies: 0,
  openReplies: 0,
} as const;

async function live(
  options: BridgeOptions,
  parts: BridgeParts,
  { asked, now }: Asked,
  naps: Naps,
): Promise<void> {
  const { clock, emit } = parts;
  const { stops, ending, cut, life } = makeStops({ asked, now });
  const { drain } = stops;
  const begun = await findStart(parts, options.sinceSecs);
  const leave = parts.allowance.join(options.heartbeatMs);
  const crew = assemble(options, parts, stops, naps, begun);
  const from = begun.cursor.lastSinceId ?? begun.cursor.windowStart ?? "";
  emit({ type: "connected", workspaceId: options.workspaceId, start: crew.feed.start, from });

  const onDrain = () => {
    crew.lanes.stop();
    const { running } = crew.vitals;
    if (asked.aborted) emit({ type: "draining", running, graceMs: options.graceMs });
    void clock.sleep(options.graceMs, life.signal).then(() => cut.abort());
  };
  drain.addEventListener("abort", onDrain, { once: true });
  // A signal that came while the start was looked for.
  if (drain.aborted) onDrain();
  const working = work(options, parts, crew, drain);
  const { maxOfflineMs } = options;
  const onWake = () => {
    crew.wake.reopen();
    naps.wakeAll();
  };
  const guard = crew.watchdog.run({ maxOfflineMs, emit, onWake }, life.signal);
  const probing = crew.gate.guard(life.signal);
  const beside = [
    runHeartbeat(parts, options, crew, life.signal),
    keepHouse({ ...parts, lanes: crew.lanes, files: crew.files }, life.signal),
    guard.catch(() => {}),
    probing.catch(() => {}),
    // Who settles a backlog and ends has nothing to wait for.
    options.wake === "auto" && !options.once ? crew.wake.run(drain) : undefined,
  ];
  let failure: unknown;
  try {
    // The guards end by themselves only by rejecting: why they do is why the run ends.
    await Promise.race([
      working,
      crew.lanes.failed,
      guard.then(() => working),
      probing.then(() => working),
      // What waits for a store that is away ends only once that is closed.
      whenAborted(stops.cut),
    ]);
  } catch (error) {
    failure = error;
  }
  ending.abort();
  const isWhole = await finish(parts, crew, working, stops.cut);
  // It may have failed after the cut.
  if (isWhole) await working.catch((error: unknown) => (failure ??= error));
  // Where something does not end, neither will the rest: the store is away, or a disk hangs.
  const lastMs = isWhole ? LAST_WAIT_MS : SHORT_WAIT_MS;
  cut.abort();
  life.abort();
  leave();
  // Of what is another's now nothing can be saved, and he tells of it.
  const { lost, handOver } = parts.store.lock;
  const unsaved = lost.aborted ? undefined : await save(parts, crew, lastMs);
  if (!lost.aborted && !handOver.aborted) await tellStopped(parts, crew, lastMs);
  // Who looks after the store may still wait for it.
  await within(clock, lastMs, Promise.all(beside));
  failure ??= crew.lanes.failure;
  if (failure instanceof Unwritten) failure = unsavedError(failure);
  failure ??= unsaved;
  if (failure !== undefined) throw failure;
}

/** What the last run left is taken up, and then the feed is read to the end of this one. */
async function work(
  options: BridgeOptions,
  parts: BridgeParts,
  crew: Crew,
  drain: AbortSignal,
): Promise<void> {
  const { store } = parts;
  await crew.handover.resume(await store.outbox.handedOver());
  // The last run may have settled more than it saved.
  crew.saver.touch();
  for (const lane of await store.journal.lanes()) crew.lanes.poke(lane);
  await runIntake(parts, options, crew, drain);
}

/** What is in hand comes to its end; work that was cut and does not end is left behind. Gives whether all ended. */
async function finish(
  { clock }: BridgeParts,
  { lanes, handover }: Crew,
  working: Promise<void>,
  cut: AbortSignal,
): Promise<boolean> {
  const never = new AbortController();
  const finished = working
    .catch(() => {})
    .then(() => lanes.untilIdle(never.signal))
    .then(() => handover.settle(cut))
    .then(() => true);
  const cutShort = Promise.withResolvers<boolean>();
  const onCut = () =>
    void clock.sleep(LAST_WAIT_MS, never.signal).then(() => cutShort.resolve(false));
  cut.addEventListener("abort", onCut, { once: true });
  if (cut.aborted) onCut();
  const isWhole = await Promise.race([finished, cutShort.promise]);
  cut.removeEventListener("abort", onCut);
  never.abort();
  return isWhole;
}

/** Gives why the cursor could not be saved, if it could not. */
async function save(
  { clock }: BridgeParts,
  { saver }: Crew,
  lastMs: number,
): Promise<MoleculeError | undefined> {
  const closing = saver.close().then(
    () => undefined,
    (error: unknown) => unsavedError(error),
  );
  const closed = await within(clock, lastMs, closing);
  return closed === LATE ? unsavedError(new Error("the store does not answer")) : closed;
}

async function tellStopped(
  { store, clock, emit }: BridgeParts,
  crew: Crew,
  lastMs: number,
): Promise<void> {
  const openReplies = crew.handover.open;
  const count = async () => {
    const { waiting } = await store.journal.load();
    const replies = (await store.outbox.count()) - openReplies;
    // A message whose answer waits to be posted need not be run again.
    return { waiting: Math.max(0, waiting - replies), replies };
  };
  // A store that can't tell is told of elsewhere.
  const nothing = { waiting: 0, replies: 0 };
  const counted = await within(
    clock,
    lastMs,
    count().catch(() => nothing),
  );
  const left = counted === LATE ? nothing : counted;
  emit({ type: "stopped", ...crew.endings.tally, ...left, openReplies });
}

/** The run's end when something could not be written to the last. */
function unsavedError(cause: unknown): MoleculeError {
  return new MoleculeError(`the last progress could not be saved: ${messageOf(cause)}`, {
    hint: "What was in hand may be run again at the next start. Make room, or see to the disk.",
    cause,
  });
}
