/**
 * What runs cost, added up for each day (`--daily-budget`), and the wait for the next day. A day is
 * one of this machine's time zone: the operator's, who reads the bill.
 */
import type { Backend } from "../../backends/backend.ts";
import type { Clock } from "../../shared/clock.ts";
import { UsageError } from "../../shared/errors.ts";
import { getNumber, tryParseJson } from "../../shared/json.ts";
import type { Memory } from "../../store/store.ts";
import type { Emit } from "../events.ts";
import type { Keeper } from "../keeper.ts";
import type { Naps } from "../naps.ts";

/** How often to look at the date: wall time may be set, and stands still for a sleeping machine's timers. */
const LOOK_MS = 60_000;

const ROUNDING_USD = 1e-9;
/** What a run counts as at least that ended without telling what it cost. */
const LEAST_ASSUMED_USD = 0.1;

/** What an asker may read while the budget is spent. */
export const BUDGET_SPENT = "what I may spend in a day is spent";

export interface BudgetParts {
  memory: Memory;
  keeper: Pick<Keeper, "do">;
  clock: Clock;
  naps: Naps;
  emit: Emit;
}

/** US dollars, so far. */
interface Day {
  date: string;
  usd: number;
  /** Of the day's month, this day included. */
  monthUsd: number;
  /** What the dearest run cost of which is known. */
  dearestUsd: number;
  /** That it is spent was told. */
  told: boolean;
}

/** Throws a UsageError where there is a budget and a backend that does not say what a run costs. */
export function checkBudget(
  dailyBudget: string | number | undefined,
  name: string,
  { reportsCost }: Pick<Backend, "reportsCost">,
): void {
  if (dailyBudget === undefined || reportsCost) return;
  throw new UsageError(
    `--daily-budget needs a backend that tells what a run costs, and ${name} does not`,
    "Leave it out, or limit the runs of each peer with --turn-limit.",
  );
}

export class Budget {
  readonly #parts: BudgetParts;
  readonly #limitUsd: number | undefined;
  readonly #once: boolean;
  #day: Day | undefined;
  #loading: Promise<void> | undefined;

  /** `limitUsd` for each day; undefined for no limit. With `once` nobody waits for the next day. */
  constructor(parts: BudgetParts, limitUsd: number | undefined, once = false) {
    this.#parts = parts;
    this.#limitUsd = limitUsd;
    this.#once = once;
  }

  /**
   * A run ended and cost this much; it counts for the day on which it ended. Until then it counts as
   * nothing, so that runs at once may go beyond the limit together, each by no more than was left when
   * it began, if its backend keeps to that. On the disk when this resolves.
   */
  async add(usd: number | undefined): Promise<void> {
    if (usd === undefined || !Number.isFinite(usd) || usd <= 0) return;
    const { keeper, memory } = this.#parts;
    const day = await this.#today();
    day.usd += usd;
    day.monthUsd += usd;
    day.dearestUsd = Math.max(day.dearestUsd, usd);
    // Read when it is written: a try that comes late must not undo what was added meanwhile.
    const sums = () =>
      JSON.stringify({ usd: day.usd, month_usd: day.monthUsd, dearest_usd: day.dearestUsd });
    await keeper.do(() => memory.remember(keyOf(day.date), sums()));
    this.#tell(day);
  }

  /**
   * What a run is to be counted as that ended without telling what it cost: it was stopped, or ended for
   * taking too long. That it was free would be a way around the limit. The dearest run of which is known
   * is the best guess, within what the run was allowed. Undefined where there is no limit: nothing is
   * guessed into a mere sum.
   */
  async assumed(allowedUsd: number | undefined): Promise<number | undefined> {
    if (this.#limitUsd === undefined) return undefined;
    const { dearestUsd } = await this.#today();
    return Math.min(Math.max(dearestUsd, LEAST_ASSUMED_USD), allowedUsd ?? Infinity);
  }

  /** US dollars that a run may cost now; undefined for no limit. */
  async left(): Promise<number | undefined> {
    if (this.#limitUsd === undefined) return undefined;
    const leftUsd = this.#limitUsd - (await this.#today()).usd;
    // What adding up many sums leaves by rounding is nothing that a run could cost.
    return leftUsd < ROUNDING_USD ? 0 : leftUsd;
  }

  /** Whether nothing may be run today any more. */
  async isSpent(): Promise<boolean> {
    return (await this.left()) === 0;
  }

  /**
   * Resolves with true once something may be spent; with false where it may not and nobody waits for
   * it: the signal aborts, or the run is to end.
   */
  async wait(signal: AbortSignal): Promise<boolean> {
    const { clock, naps } = this.#parts;
    while (!signal.aborted) {
      if (!(await this.isSpent())) return true;
      if (this.#once) return false;
      await naps.nap(Math.min(untilTomorrow(clock.now()), LOOK_MS), signal);
    }
    return false;
  }

  /** What this month's runs cost, in cents; 0 until this process knows of any. */
  get monthCents(): number {
    const day = this.#day;
    const isThisMonth = day?.date.slice(0, 7) === dateOf(this.#parts.clock.now()).slice(0, 7);
    return day === undefined || !isThisMonth ? 0 : Math.round(day.monthUsd * 100);
  }

  async #today(): Promise<Day> {
    for (;;) {
      const date = dateOf(this.#parts.clock.now());
      if (this.#day?.date === date) return this.#day;
      this.#loading ??= this.#load(date).finally(() => (this.#loading = undefined));
      await this.#loading;
    }
  }

  /** What an earlier process may have left of this day, and of the month's other days. */
  async #load(date: string): Promise<void> {
    const { keeper, memory, emit } = this.#parts;
    const read = (key: string) => keeper.do(async () => readSums(await memory.recall(key)));
    const { usd } = await read(keyOf(date));
    const before = this.#day;
    let monthUsd = 0;
    let dearestUsd = before?.dearestUsd ?? 0;
    // Each day holds its month's sum up to it, so that an old one may be forgotten.
    for (let n = 1; n <= 31; n++) {
      const other = await read(keyOf(`${date.slice(0, 8)}${String(n).padStart(2, "0")}`));
      monthUsd = Math.max(monthUsd, other.monthUsd);
      dearestUsd = Math.max(dearestUsd, other.dearestUsd);
    }
    this.#day = { date, usd, monthUsd, dearestUsd, told: false };
    const limitUsd = this.#limitUsd;
    this.#tell(this.#day);
    if (before?.told && !this.#day.told && limitUsd !== undefined) {
      emit({ type: "budget-renewed", limitUsd });
    }
  }

  #tell(day: Day): void {
    const limitUsd = this.#limitUsd;
    if (limitUsd === undefined || limitUsd - day.usd >= ROUNDING_USD || day.told) return;
    day.told = true;
    const inMs = untilTomorrow(this.#parts.clock.now());
    this.#parts.emit({ type: "budget-spent", spentUsd: day.usd, limitUsd, inMs });
  }
}

function keyOf(date: string): string {
  return `spend/${date}`;
}

/** YYYY-MM-DD in this machine's time zone. */
function dateOf(nowMs: number): string {
  const at = new Date(nowMs);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

function untilTomorrow(nowMs: number): number {
  const at = new Date(nowMs);
  const next = new Date(at.getFullYear(), at.getMonth(), at.getDate() + 1).getTime();
  return Math.max(1, next - nowMs);
}

/** What is not there, or can't be read, counts as nothing. */
function readSums(text: string | undefined): Omit<Day, "date" | "told"> {
  const sums = tryParseJson(text);
  const amount = (key: string) => Math.max(0, getNumber(sums, key) ?? 0);
  return {
    usd: amount("usd"),
    monthUsd: amount("month_usd"),
    dearestUsd: amount("dearest_usd"),
  };
}
