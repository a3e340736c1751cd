/** What a load has shown, in figures. */
import type { Column } from "../../../cli/print.ts";
import { comparePlaces, type Entry, type Ledger, type Place, type Told } from "./ledger.ts";

/** A message that starts this long after it was due has started late, in milliseconds. */
const LATE_MS = 50;

/** Which load it was. */
export interface About {
  workspace: string;
  name: string;
  from: string[];
  seed: number;
}

/** As it is printed; times in milliseconds if not said otherwise. */
export interface Report extends About {
  messages: number;
  sent: number;
  /** Tries by their HTTP status; "none" got no answer. */
  refused: Record<string, number>;
  answered: number;
  /** Told that there is no answer. */
  failed: number;
  /** Answered more than once. */
  doubled: number;
  /** Answers that came again under the same message id: a platform of revision r1 drops no repeats. */
  repeated: number;
  /** Sent, and not answered. */
  unanswered: number;
  /**
   * Not answered in the order in which the same sender's messages stand in the agent's feed. With
   * `--late-commits` the platform itself shows them in another order.
   */
  out_of_order: number;
  /** Notices to the canvas that answer nobody's question. */
  unasked: number;
  late_starts: number;
  worst_lateness_ms: number;
  /** From the first message to the last answer. */
  seconds: number;
  /** Messages started a second. */
  rate: number;
  /** From when a message was due to its first answer; null where there is none. */
  answer_ms: { p50: number; p90: number; p99: number; max: number } | null;
}

/** The figures of what has happened so far. */
export function reportOf(ledger: Ledger, about: About): Report {
  const { entries } = ledger;
  const count = (is: (entry: Entry) => boolean) => entries.filter(is).length;
  const started = entries.flatMap(({ startedMs, dueMs }) =>
    startedMs === undefined ? [] : [{ startedMs, lateMs: startedMs - dueMs }],
  );
  const startedAt = started.map(({ startedMs }) => startedMs);
  const answers = entries.flatMap((entry) => first(entry) ?? []);
  const sending = Math.max(0, ...startedAt.slice(-1)) - (startedAt[0] ?? 0);
  const end = answers.reduce((last, { atMs }) => Math.max(last, atMs), startedAt.at(-1) ?? 0);
  return {
    ...about,
    messages: entries.length,
    sent: count(({ state }) => state === "sent"),
    refused: Object.fromEntries([...ledger.refused].sort(([a], [b]) => a.localeCompare(b))),
    answered: count((entry) => first(entry)?.failed === false),
    failed: count((entry) => first(entry)?.failed === true),
    doubled: count(({ answers }) => answers.length > 1),
    repeated: ledger.repeated,
    unanswered: count(({ state, answers }) => state === "sent" && answers.length === 0),
    out_of_order: about.from.reduce(
      (sum, _, sender) => sum + disordered(entries.filter(({ from }) => from === sender)),
      0,
    ),
    unasked: ledger.unasked,
    late_starts: started.filter(({ lateMs }) => lateMs > LATE_MS).length,
    worst_lateness_ms: Math.round(
      started.reduce((worst, { lateMs }) => Math.max(worst, lateMs), 0),
    ),
    seconds: round((end - (startedAt[0] ?? 0)) / 1_000),
    rate: sending > 0 ? round(((started.length - 1) * 1_000) / sending) : started.length,
    answer_ms: percentiles(entries.flatMap((entry) => waitOf(entry) ?? [])),
  };
}

/** The report as a record for people. */
export const REPORT_COLUMNS: readonly Column<Report>[] = [
  { title: "agent", of: ({ name, workspace }) => `${name} (${workspace})` },
  { title: "senders", of: ({ from }) => from.join(", ") },
  { title: "messages", of: ({ messages, seed }) => `${messages}, seed ${seed}` },
  { title: "sent", of: ({ sent }) => sent },
  { title: "refused", of: ({ refused }) => tally(refused) },
  { title: "answered", of: ({ answered }) => answered },
  { title: "failed", of: ({ failed }) => failed },
  { title: "doubled", of: doubledWords },
  { title: "unanswered", of: ({ unanswered }) => unanswered },
  { title: "out of order", of: ({ out_of_order }) => out_of_order },
  { title: "late starts", of: lateWords },
  { title: "time", of: ({ seconds, rate }) => `${seconds} s, ${rate} messages started a second` },
  { title: "answer times", of: ({ answer_ms }) => timeWords(answer_ms) },
];

/** The answer that the asker saw first. */
function first({ answers }: Entry): Told | undefined {
  return answers[0];
}

function waitOf(entry: Entry): number | undefined {
  const told = first(entry);
  return told === undefined || told.failed ? undefined : Math.max(0, told.atMs - entry.dueMs);
}

/**
 * How many of one sender's messages were not answered in the order in which they stand in the agent's feed:
 * those that are left when the most are kept that are in order.
 */
function disordered(entries: readonly Entry[]): number {
  const pairs = entries.flatMap((entry) => {
    const told = first(entry)?.place;
    return entry.asked === undefined || told === undefined ? [] : [{ asked: entry.asked, told }];
  });
  pairs.sort((a, b) => comparePlaces(a.told, b.told));
  // The last place of the best sequence of each length (patience sorting).
  const ends: Place[] = [];
  for (const { asked } of pairs) {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comparePlaces(ends[middle] ?? asked, asked) < 0) low = middle + 1;
      else high = middle;
    }
    ends[low] = asked;
  }
  return pairs.length - ends.length;
}

function percentiles(times: number[]): Report["answer_ms"] {
  if (times.length === 0) return null;
  times.sort((a, b) => a - b);
  // The nearest rank.
  const at = (share: number) => Math.round(times[Math.ceil(times.length * share) - 1] ?? 0);
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

function tally(refused: Report["refused"]): string {
  return Object.entries(refused)
    .map(([status, times]) => `${times} × ${status === "none" ? "no answer" : status}`)
    .join(", ");
}

function doubledWords({ doubled, repeated }: Report): string {
  return repeated === 0 ? `${doubled}` : `${doubled}, and ${repeated} repeated under the same id`;
}

function lateWords({ late_starts, worst_lateness_ms }: Report): string {
  return late_starts === 0 ? "0" : `${late_starts}, by up to ${worst_lateness_ms} ms`;
}

function timeWords(times: Report["answer_ms"]): string | undefined {
  if (times === null) return undefined;
  const { p50, p90, p99, max } = times;
  return `p50 ${p50} ms, p90 ${p90} ms, p99 ${p99} ms, max ${max} ms`;
}

function round(value: number): number {
  return Number(value.toFixed(2));
}
