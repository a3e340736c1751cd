/**
 * The bridge in push mode: the platform brings each message to us, and its answer goes back on the same
 * request. Nothing is fetched, and nothing waits: what its sender hangs up on is his to send again.
 */
import type { Emit } from "../bridge/events.ts";
import { runHeartbeat } from "../bridge/presence/heartbeat.ts";
import { LAST_WAIT_MS, whileHeld } from "../bridge/presence/held.ts";
import { Naps } from "../bridge/naps.ts";
import { recoverRuns } from "../bridge/recovery.ts";
import { register } from "../bridge/presence/register.ts";
import { makeStops, type Asked } from "../bridge/stops.ts";
import { unlessAborted, whenAborted } from "../shared/abortions.ts";
import { within } from "../shared/clock.ts";
import { messageOf } from "../shared/errors.ts";
import { overlay } from "../shared/overlay.ts";
import { oneLine } from "../shared/text.ts";
import { listen, type Listener } from "./listener.ts";
import { keepLookout } from "./lookout.ts";
import { Notes } from "./notes.ts";
import type { PushOptions, PushParts } from "./parts.ts";
import { Paths, secretSegment } from "./paths.ts";
import { presenceLost } from "./presence.ts";
import { probe, type Sight } from "./probe.ts";
import { doubtsAbout, showPublicUrl } from "./public-url.ts";
import { assemble, type PushCrew } from "./push-crew.ts";
import { keepPushHouse } from "./upkeep.ts";

/**
 * Runs until `drain` aborts (then finishes what runs, for at most the grace time, or until `now`
 * aborts). Rejects with a MoleculeError that says why it had to end.
 */
export async function runPushBridge(
  options: PushOptions,
  parts: PushParts,
  drain: AbortSignal,
  now: AbortSignal = new AbortController().signal,
): Promise<void> {
  const { store, clock, emit } = parts;
  const naps = new Naps(clock);
  const ran = await whileHeld(options, parts, { asked: drain, now }, async (stops) => {
    const notes = new Notes(store.memory);
    let segment = "";
    const prepare = async () => {
      await recoverPushes(parts, notes);
      await recoverRuns(parts);
      segment = await secretSegment(store.memory);
    };
    // A shared store may be away; the closing of it ends what waits for it.
    await unlessAborted(prepare(), AbortSignal.any([stops.asked, stops.now]));
    if (segment === "") return drain.aborted ? tellStopped(emit, 0) : undefined;
    parts.secrets.add(segment);
    const paths = new Paths(options.publicUrl, segment);
    await live(options, parts, stops, { naps, notes, paths, segment });
  });
  if (!ran) tellStopped(emit, 0);
}

/** What the last bridge died over in push mode: its children are ended, and repeats of it say so. */
async function recoverPushes({ emit, endLeftovers }: PushParts, notes: Notes): Promise<void> {
  const left = await notes.left();
  if (left.length === 0) return;
  const processes = await endLeftovers(left);
  await notes.recovered(left);
  emit({ type: "recovered", runs: left.length, processes, kept: false });
}

async function live(
  options: PushOptions,
  parts: PushParts,
  { asked, now }: Asked,
  { naps, notes, paths, segment }: { naps: Naps; notes: Notes; paths: Paths; segment: string },
): Promise<void> {
  const { emit, platform } = parts;
  const { stops, ending, cut, life } = makeStops({ asked, now });
  const { drain } = stops;
  // Told of with the beats, too: who learns it first does not matter.
  const known = overlay(platform, {
    register: async (card, given) => {
      const push = { url: `${showPublicUrl(options.publicUrl)}/${segment}` };
      const registration = await platform.register(card, { ...given, push });
      crew.credential.learn(registration.inboundSecret);
      return registration;
    },
    heartbeat: async (report, given) => {
      const answer = await platform.heartbeat(report, given);
      crew.credential.learn(answer.inboundSecret);
      return answer;
    },
  });
  const all = { ...parts, platform: known };
  const crew = assemble(options, all, stops, { naps, notes, paths });
  await crew.credential.load();
  await crew.turns.load();
  const listener = listen(
    options.listen,
    (request, patience) => crew.handler.handle(request, patience),
    (error) => crew.refusals.note(500, `an internal error: ${oneLine(messageOf(error))}`),
  );
  emit({ type: "push-listening", address: listener.address });
  let seen: Sight;
  try {
    seen = await announce(options, all, { naps, paths, crew, listener }, drain);
  } catch (error) {
    listener.kill();
    life.abort();
    throw error;
  }
  const guards = crew.watchdog.run(
    { maxOfflineMs: options.maxOfflineMs, emit, onWake: () => naps.wakeAll() },
    life.signal,
  );
  const probing = crew.gate.guard(life.signal);
  const beating = runHeartbeat(all, options, crew, life.signal);
  const lost = async () => {
    const why = await presenceLost(await beating, options, parts, life.signal);
    if (why !== undefined) throw why;
  };
  const upkeep = keepPushHouse({ ...parts, ...crew, notes }, life.signal);
  const lookout = keepLookout(options, all, { naps, paths, segment, seen }, life.signal);
  const beside = [guards, probing, beating, upkeep, lookout];
  let failure: unknown;
  try {
    const stopped = whenAborted(drain);
    // The guards end by themselves only by rejecting: why they do is why the run ends.
    await Promise.race([
      stopped,
      crew.desk.broken,
      guards.then(() => stopped),
      probing.then(() => stopped),
      lookout.then(() => stopped),
      lost().then(() => stopped),
    ]);
  } catch (error) {
    failure = error;
  }
  ending.abort();
  await finish(options, all, { crew, listener }, { asked, cut });
  life.abort();
  tellStopped(emit, crew.answerer.settled);
  // Who looks after the store may still wait for it.
  await within(parts.clock, LAST_WAIT_MS, Promise.all(beside.map((one) => one.catch(() => {}))));
  if (failure !== undefined) throw failure;
}

/** The platform is told where we are, once we are sure of it as far as that can be. Gives what was seen. */
async function announce(
  options: PushOptions,
  parts: PushParts,
  { naps, paths, crew, listener }: { naps: Naps; paths: Paths; crew: PushCrew; listener: Listener },
  drain: AbortSignal,
): Promise<Sight> {
  const { emit, store, clock } = parts;
  const { publicUrl, apiUrl, workspaceId } = options;
  const seen = await probe(options, listener.address, { clock, paths }, drain);
  const doubts = doubtsAbout(publicUrl, apiUrl);
  if (seen.kind !== "here" && !drain.aborted) doubts.push(seen.reason);
  for (const reason of doubts) emit({ type: "push-doubt", reason });
  await register(parts, options, naps, drain);
  if (drain.aborted) return seen;
  crew.handler.open();
  emit({ type: "connected", workspaceId, start: "push", from: showPublicUrl(publicUrl) });
  const { waiting } = await store.journal.load();
  if (waiting > 0) emit({ type: "push-left", waiting });
  return seen;
}

/** What runs comes to its end and its answers go out; what was cut and does not end is left behind. */
async function finish(
  { graceMs }: PushOptions,
  { clock, emit }: PushParts,
  { crew, listener }: { crew: PushCrew; listener: Listener },
  { asked, cut }: { asked: AbortSignal; cut: AbortController },
): Promise<void> {
  const over = new AbortController();
  if (asked.aborted) emit({ type: "draining", running: crew.vitals.running, graceMs });
  void clock.sleep(graceMs, over.signal).then(() => {
    if (!over.signal.aborted) cut.abort();
  });
  const cutShort = whenAborted(cut.signal).then(() => clock.sleep(LAST_WAIT_MS, over.signal));
  await Promise.race([crew.desk.untilIdle(over.signal), cutShort]);
  // New requests were refused in words until now; from here on nobody listens.
  await within(clock, LAST_WAIT_MS, listener.stop());
  listener.kill();
  over.abort();
  cut.abort();
}

function tellStopped(emit: Emit, settled: number): void {
  emit({ type: "stopped", settled, dead: 0, waiting: 0, replies: 0, openReplies: 0 });
}
