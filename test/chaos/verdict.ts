/** What a chaos run must have come to: the promises, as they can be seen from outside. */
import type { RevisionName } from "../../src/dev/revision.ts";
import type { DevPlatform } from "../../src/dev/server.ts";
import type { Agent, AgentRun } from "./agent.ts";
import { idOf, numberIn, type Asker, type Heard, type Member } from "./askers.ts";
import type { Keeping } from "./keeping.ts";
import type { Killer } from "./killer.ts";

export interface Evidence {
  platform: DevPlatform;
  workspace: Member;
  askers: Asker[];
  agent: Agent;
  killer: Killer;
  lives: number;
  keeping: Keeping;
  revision: RevisionName;
  /** What was seen to be wrong on the way. */
  problems: string[];
}

export interface Verdict {
  runs: number;
  /** Runs beyond one of each message. */
  extraRuns: number;
  /** Messages that were in progress at the kills, all together. */
  inProgress: number;
  /** Rows beyond one of each answer, under the same message id. */
  extraRows: number;
  /** In sentences; none where all promises were kept. */
  problems: string[];
}

export async function judge(evidence: Evidence): Promise<Verdict> {
  const { agent, killer, askers } = evidence;
  const rows = rowsByNumber(evidence);
  const { runs } = agent;
  const messages = askers.reduce((sum, { asked }) => sum + asked.length, 0);
  const heard = askers.map((asker) => answers(evidence, asker));
  work(evidence, runs, rows);
  await cursor(evidence);
  const inProgress = killer.deaths.reduce((sum, death) => sum + death.inProgress.size, 0);
  const extraRuns = runs.length - messages;
  if (extraRuns > inProgress) {
    evidence.problems.push(`${extraRuns} extra runs, but only ${inProgress} were cut`);
  }
  return {
    runs: runs.length,
    extraRuns,
    inProgress,
    extraRows: heard.reduce((sum, extra) => sum + extra, 0),
    problems: evidence.problems,
  };
}

/** Each message has its own answer, once and in order; gives how many rows are beyond that. */
function answers({ problems, revision }: Evidence, asker: Asker): number {
  const { name, peer, asked } = asker;
  const wrong = (what: string) => void problems.push(`${name}: ${what}`);
  const heard = asker.heard();
  const first = new Map<number, Heard>();
  let extra = 0;
  for (const answer of heard) {
    const n = (Number(answer.text) - 1) / 2;
    if (answer.excuse) wrong(`heard an excuse: ${answer.text}`);
    else if (peer !== undefined && answer.to !== idOf(n)) {
      wrong(`heard ${answer.text} in answer to ${answer.to}`);
    }
    const before = first.get(n);
    if (before === undefined) {
      first.set(n, answer);
      continue;
    }
    extra += 1;
    if (peer === undefined) wrong(`the notice for ${n} came twice`);
    else if (revision === "r2") wrong(`the answer to ${n} has two rows`);
    else if (before.messageId !== answer.messageId) {
      wrong(`the answer to ${n} came under two ids: ${before.messageId}, ${answer.messageId}`);
    }
  }
  const order = [...first.keys()];
  const missing = asked.filter((n) => !first.has(n));
  if (missing.length > 0) wrong(`no answer to ${missing.join(", ")}`);
  for (const [first, then] of swapped(asked, order)) {
    wrong(`the answer to ${then} came before the one to ${first}`);
  }
  return extra;
}

/** The pairs of which the second came first. */
function swapped(asked: number[], order: number[]): [first: number, then: number][] {
  const place = new Map(asked.map((n, index) => [n, index]));
  const at = (n: number) => place.get(n) ?? Infinity;
  const pairs: [number, number][] = [];
  let sorted: number[] = [];
  for (const n of order) {
    const overtakers = sorted.filter((other) => at(other) > at(n));
    for (const other of overtakers) pairs.push([n, other]);
    // Who is far behind is behind all that follow.
    sorted = [...sorted, n].slice(-100);
  }
  return pairs;
}

/** Each message is run again only where the bridge died before its answer was on the disk. */
function work({ agent, killer, askers, problems, lives }: Evidence, runs: AgentRun[], rows: Rows) {
  for (const overlap of agent.overlaps) problems.push(`two live runs of one message: ${overlap}`);
  const kept = keptByNumber(rows, killer);
  const killed = new Set(killer.deaths.map(({ life }) => life));
  const byNumber = Map.groupBy(runs, ({ n }) => n);
  for (const n of askers.flatMap(({ asked }) => asked)) {
    const its = byNumber.get(n) ?? [];
    if (its.length === 0) problems.push(`${n} was never run`);
    for (const [index, run] of its.entries()) {
      const before = its[index - 1];
      const what = `run ${index + 1} of ${n}, in life ${run.life} of ${lives},`;
      if (run.life > (kept.get(n) ?? Infinity)) {
        problems.push(`${what} came after its answer was on the disk in life ${kept.get(n)}`);
      }
      if (before === undefined) continue;
      if (run.life <= before.life || !killed.has(before.life)) {
        problems.push(`${what} followed one in life ${before.life} without a kill between them`);
      }
      if (!run.interrupted || run.attempt <= before.attempt) {
        problems.push(`${what} was not told that an earlier one was cut`);
      }
    }
  }
}

/** Ids of the rows that ask about each number, oldest first: more than one where it was repeated. */
type Rows = Map<number, string[]>;

function rowsByNumber({ platform, workspace }: Evidence): Rows {
  const rows: Rows = new Map();
  const all = platform.database.activities.read(workspace.id, { limit: 10_000_000 });
  for (const row of all.reverse()) {
    const n = numberIn(row);
    if (n !== undefined) rows.set(n, [...(rows.get(n) ?? []), row.id]);
  }
  return rows;
}

/** In which life the answer to each number was on the disk. */
function keptByNumber(rows: Rows, killer: Killer): Map<number, number> {
  const kept = new Map<number, number>();
  for (const [n, ids] of rows) {
    const life = ids.map((id) => killer.kept.get(id)).find((found) => found !== undefined);
    if (life !== undefined) kept.set(n, life);
  }
  return kept;
}

/** The cursor stands at the newest row. */
async function cursor({ platform, workspace, keeping, problems }: Evidence): Promise<void> {
  const [newest] = platform.database.activities.read(workspace.id, { limit: 1 });
  const saved = await keeping.cursor(workspace.id);
  if (saved !== newest?.id) problems.push(`the cursor is ${saved}, the newest row ${newest?.id}`);
}
