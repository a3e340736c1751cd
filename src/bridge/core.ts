/** Who works in every bridge, however its messages come in. */
import { within } from "../shared/clock.ts";
import { MessageFiles } from "./files/message-files.ts";
import { Keeper } from "./keeper.ts";
import type { Naps } from "./naps.ts";
import { Pace } from "./pace.ts";
import type { BridgeOptions, BridgeParts } from "./parts.ts";
import { Renewal } from "./presence/renewal.ts";
import { Vitals } from "./presence/vitals.ts";
import { Budget } from "./runs/budget.ts";
import { Gate } from "./runs/gate.ts";
import { Patience } from "./runs/patience.ts";
import { PeerNames } from "./runs/peer-names.ts";
import type { Stops } from "./stops.ts";
import { Watchdog } from "./watchdog.ts";

/** How long a backend's check may take. */
const CHECK_MS = 60_000;

export type Core = ReturnType<typeof assembleCore>;

export function assembleCore(options: BridgeOptions, parts: BridgeParts, stops: Stops, naps: Naps) {
  const { platform, store, clock, emit, random, backend } = parts;
  const watchdog = new Watchdog(clock);
  parts.onWatch?.(() => watchdog.overdue());
  const vitals = new Vitals(clock, options.progress !== "off");
  const renewal = new Renewal(parts, stops.life);
  const keeper = new Keeper({ naps, random, emit }, stops.cut);
  const pace = new Pace({ platform, clock, naps, watchdog, allowance: parts.allowance });
  const names = new PeerNames({ platform, clock, pace });
  const filesParts = { keeper, naps, pace, watchdog };
  const files = new MessageFiles(parts, filesParts, options.workspaceId, stops.cut);
  const check = async () => void (await within(clock, CHECK_MS, backend.check()));
  // Who settles a backlog and ends does not wait for an operator.
  const gate = new Gate({ naps, clock, emit, check }, options.once ? 0 : options.maxPausedMs);
  vitals.trouble = () => gate.trouble?.reason;
  const budgetParts = { memory: store.memory, keeper, clock, naps, emit };
  const budget = new Budget(budgetParts, options.dailyBudgetUsd, options.once);
  vitals.spentCents = () => budget.monthCents;
  const patience = new Patience(clock);
  return { naps, watchdog, vitals, renewal, keeper, pace, names, files, gate, budget, patience };
}
