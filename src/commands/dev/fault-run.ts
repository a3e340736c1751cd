/** `molecule dev fault`: faults on demand, set, shown and ended. */
import type { Context } from "../../cli/command.ts";
import type { Column } from "../../cli/print.ts";
import { isErrorStatus, isFaultKind, NAMED_KINDS } from "../../dev/fault-kinds.ts";
import { systemClock } from "../../shared/clock.ts";
import { formatDuration } from "../../shared/duration.ts";
import { MoleculeError, UsageError } from "../../shared/errors.ts";
import { getNumber, getString, type JsonObject } from "../../shared/json.ts";
import { nearest } from "../../shared/nearest.ts";
import { oneLine } from "../../shared/text.ts";
import { show } from "../show.ts";
import type { FaultValues } from "./fault.ts";
import type { DevFaults } from "./faults.ts";
import { runningDev } from "./running.ts";

/** Words in the place of a kind. */
const ACTIONS = ["list", "clear"] as const;

/** How late an answer is if nobody says, in milliseconds. */
const DEFAULT_DELAY_MS = 2_000;

/** Does what the first word says. */
export async function run(values: FaultValues, context: Context): Promise<void> {
  const { kind, id } = values;
  checkWords(values, context);
  const { faults } = await runningDev(values, context);
  if (kind === "list") {
    return show(context, await faults.list(), COLUMNS, { empty: "no faults are set" });
  }
  if (kind === "clear") return clear(faults, id, context);
  await show(context, await faults.set(specOf(values)), [...COLUMNS, ENDS_AT]);
}

/** Refuses what can't be meant, before any I/O. */
function checkWords({ kind, id, delay, retryAfter }: FaultValues, context: Context): void {
  const isAction = ACTIONS.some((action) => action === kind);
  if (!isAction && !isFaultKind(kind)) {
    const near = nearest(kind, [...NAMED_KINDS, ...ACTIONS]);
    const known = `${NAMED_KINDS.join(", ")}, or a status from 400 to 599`;
    throw new UsageError(
      `"${oneLine(kind, 40)}" is no kind of fault`,
      near === undefined ? `The kinds are ${known}.` : `Did you mean "${near}"? Kinds: ${known}.`,
    );
  }
  if (id !== undefined && kind !== "clear") {
    throw new UsageError(`unexpected argument "${oneLine(id, 60)}"`, "Only clear takes an id.");
  }
  const given = OF_A_FAULT.find((name) => context.source(name) === "flag");
  if (isAction && given !== undefined) {
    throw new UsageError(`--${given} goes with a fault that is set, not with ${kind}`);
  }
  if (delay !== undefined && kind !== "delay") {
    throw new UsageError(`--delay goes with the kind delay, not with ${kind}`);
  }
  if (retryAfter !== undefined && !isErrorStatus(kind)) {
    throw new UsageError(`--retry-after goes with a status such as 429, not with ${kind}`);
  }
}

/** Flags that say what a fault is like. */
const OF_A_FAULT = ["rate", "for", "seed", "path"];

function specOf({ kind, rate, seed, path, delay, retryAfter, ...more }: FaultValues): JsonObject {
  const delayMs = delay ?? (kind === "delay" ? DEFAULT_DELAY_MS : undefined);
  return {
    kind,
    rate: Number(rate),
    for_ms: more.for,
    seed,
    ...(path === undefined ? {} : { path }),
    ...(delayMs === undefined ? {} : { delay_ms: delayMs }),
    ...(retryAfter === undefined ? {} : { retry_after: Math.ceil(retryAfter / 1_000) }),
  };
}

/** Ends one fault, by the beginning of its id, or all. */
async function clear(faults: DevFaults, id: string | undefined, context: Context): Promise<void> {
  if (id === undefined) return show(context, await faults.clear());
  const found = (await faults.list())
    .map((fault) => getString(fault, "id") ?? "")
    .filter((one) => one.startsWith(id.toLowerCase()));
  const [only] = found;
  if (only === undefined || found.length > 1) {
    throw new MoleculeError(
      `${only === undefined ? "no fault has" : `${found.length} faults have`} an id that begins with ${oneLine(id, 40)}`,
      { hint: "'molecule dev fault list' shows them; without an id all are ended." },
    );
  }
  return show(context, await faults.clear(only));
}

const COLUMNS: readonly Column<JsonObject>[] = [
  { title: "id", of: (fault) => getString(fault, "id") },
  { title: "kind", of: (fault) => getString(fault, "kind") },
  { title: "rate", of: (fault) => getNumber(fault, "rate"), align: "right" },
  { title: "path", of: (fault) => getString(fault, "path") },
  { title: "delay", of: (fault) => duration(fault, "delay_ms") },
  { title: "seed", of: (fault) => getNumber(fault, "seed"), align: "right", wide: true },
  { title: "seen", of: (fault) => getNumber(fault, "seen"), align: "right" },
  { title: "struck", of: (fault) => getNumber(fault, "struck"), align: "right" },
  { title: "ends in", of: (fault) => duration(fault, "ends_in_ms") ?? "over" },
];

/** The time of day, by which to watch what comes of it. */
const ENDS_AT: Column<JsonObject> = {
  title: "ends at",
  of: (fault) => {
    const at = new Date(systemClock.now() + (getNumber(fault, "ends_in_ms") ?? 0));
    return at.toTimeString().slice(0, 8);
  },
};

function duration(fault: JsonObject, key: string): string | undefined {
  const ms = getNumber(fault, key);
  return ms === undefined || ms === 0 ? undefined : formatDuration(ms);
}
