/** Everyone who works in a bridge in push mode, made from its parts and introduced to each other. */
import { Budget } from "../bridge/budget.ts";
import type { Stops } from "../bridge/crew.ts";
import type { BridgeEvent, Emit } from "../bridge/events.ts";
import { Gate } from "../bridge/gate.ts";
import { Keeper } from "../bridge/keeper.ts";
import { MessageFiles } from "../bridge/message-files.ts";
import type { Naps } from "../bridge/naps.ts";
import { Pace } from "../bridge/pace.ts";
import type { BridgeParts } from "../bridge/parts.ts";
import { Patience } from "../bridge/patience.ts";
import { PeerNames } from "../bridge/peer-names.ts";
import { Renewal } from "../bridge/renewal.ts";
import { Vitals } from "../bridge/vitals.ts";
import { Watchdog } from "../bridge/watchdog.ts";
import { within } from "../shared/clock.ts";
import { overlay } from "../shared/overlay.ts";
import { Answerer, KEEPING_MS } from "./answerer.ts";
import { Bodies } from "./body.ts";
import { Credential } from "./credential.ts";
import { Desk } from "./desk.ts";
import { Handler } from "./handler.ts";
import { HourlyTurns } from "./hourly-turns.ts";
import type { Notes } from "./notes.ts";
import type { PushOptions } from "./parts.ts";
import type { Paths } from "./paths.ts";
import { Refusals } from "./refusals.ts";

/** How long a backend's check may take. */
const CHECK_MS = 60_000;

const UNSECURED =
  "the platform shows no secret of its own with its messages (as one of revision 1 does), so whoever knows " +
  "the address may ask; see that only the platform gets to it";

export type PushCrew = ReturnType<typeof assemble>;

export function assemble(
  options: PushOptions,
  given: BridgeParts,
  stops: Stops,
  { naps, notes, paths }: { naps: Naps; notes: Notes; paths: Paths },
) {
  const { workspaceId } = options;
  const emit: Emit = (event) => given.emit(withoutJournal(event));
  const store = overlay(given.store, {
    // A push has no row in the journal.
    journal: overlay(given.store.journal, { child: (id, child) => notes.child(id, child) }),
  });
  const parts = { ...given, emit, store };
  const { platform, clock, random, backend } = parts;
  const { memory } = store;
  const watchdog = new Watchdog(clock);
  const vitals = new Vitals(clock, options.progress !== "off");
  const renewal = new Renewal(parts, stops.life);
  const keeper = new Keeper({ naps, random, emit }, stops.cut);
  const pace = new Pace({ platform, clock, naps, watchdog });
  const names = new PeerNames({ platform, clock, pace });
  const files = new MessageFiles(parts, { keeper, naps, pace, watchdog }, workspaceId, stops.cut);
  const check = async () => void (await within(clock, CHECK_MS, backend.check()));
  const gate = new Gate({ naps, clock, emit, check }, options.maxPausedMs);
  vitals.trouble = () => gate.trouble?.reason;
  const budget = new Budget({ memory, keeper, clock, naps, emit }, options.dailyBudgetUsd);
  vitals.spentCents = () => budget.monthCents;
  const turns = new HourlyTurns(memory, clock, options.turnLimit);
  const patience = new Patience(clock);
  const refusals = new Refusals({ clock, emit });
  const spend = async (usd: number | undefined) =>
    void (await within(clock, KEEPING_MS, budget.add(usd)));
  const running = {
    // It knows what was spent; that a full disk does not is no reason to keep an answer back.
    budget: overlay(budget, { add: spend }),
    files,
    interim: undefined,
    ...{ keeper, names, patience, vitals, watchdog },
  };
  const upkeep = { gate, naps, notes, refusals, turns };
  const answerer = new Answerer(parts, options, { ...running, ...upkeep }, stops);
  const desk = new Desk(
    {
      clock,
      emit,
      keeper,
      notes,
      withoutRun: (message) => answerer.withoutRun(message),
      work: (message, slot) => answerer.work(message, slot),
    },
    options.concurrency,
    stops.drain,
  );
  const credential = new Credential({
    memory,
    clock,
    onSecured: () => emit({ type: "push-secured" }),
    onUnsecured: () => emit({ type: "push-doubt", reason: UNSECURED }),
  });
  const bodies = new Bodies(clock);
  const doors = { workspaceId, clock, paths, credential, bodies, desk, refusals };
  const handler = new Handler(doors);
  return {
    watchdog,
    vitals,
    renewal,
    naps,
    pace,
    files,
    gate,
    turns,
    answerer,
    desk,
    credential,
    handler,
    refusals,
  };
}

/** Nothing waits here for a later start: a message that can't be answered is refused. */
function withoutJournal(event: BridgeEvent): BridgeEvent {
  switch (event.type) {
    case "run-failed":
    case "backend-paused":
      return { ...event, kept: false };
    default:
      return event;
  }
}
