/** Everyone who works in a bridge in push mode, made from its parts and introduced to each other. */
import { assembleCore } from "../bridge/core.ts";
import type { BridgeEvent, Emit } from "../bridge/events.ts";
import type { Naps } from "../bridge/naps.ts";
import type { BridgeParts } from "../bridge/parts.ts";
import type { Stops } from "../bridge/stops.ts";
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
  const parts = { ...given, emit };
  const { clock } = parts;
  const { memory } = parts.store;
  const core = assembleCore(options, parts, stops, naps);
  const { keeper, budget } = core;
  const turns = new HourlyTurns(memory, clock, options.turnLimit);
  const refusals = new Refusals({ clock, emit });
  const spend = async (usd: number | undefined) =>
    void (await within(clock, KEEPING_MS, budget.add(usd)));
  const running = {
    ...core,
    // It knows what was spent; that a full disk does not is no reason to keep an answer back.
    budget: overlay(budget, { add: spend }),
    interim: undefined,
  };
  const answerer = new Answerer(parts, options, { ...running, notes, refusals, turns }, stops);
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
  return { ...core, turns, answerer, desk, credential, handler, refusals };
}

/** Nothing waits here for a later start: a message that can't be answered is refused. */
function withoutJournal(event: BridgeEvent): BridgeEvent {
  switch (event.type) {
    case "run-failed":
    case "backend-paused":
    case "budget-spent":
      return { ...event, kept: false };
    default:
      return event;
  }
}
