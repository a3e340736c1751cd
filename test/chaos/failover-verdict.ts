/** What a failover drill must have come to: the promises, as the platform, Postgres and the agent saw them. */
import type { Agent } from "./agent.ts";
import { idOf, type Asker } from "./askers.ts";
import type { Bridge } from "./failover-bridge.ts";
import { type Change, claimsIn } from "./failover-audit.ts";

export interface DrillEvidence {
  askers: readonly Asker[];
  agent: Agent;
  bridges: readonly Bridge[];
  /** Those that a workspace was taken from without their doing. */
  robbed: ReadonlySet<Bridge>;
  changes: readonly Change[];
}

export interface DrillVerdict {
  messages: number;
  /** Runs beyond one of each message. */
  extraRuns: number;
  /** In sentences; none where all promises were kept. */
  problems: string[];
}

export function judgeDrill(evidence: DrillEvidence): DrillVerdict {
  const { askers, agent } = evidence;
  const messages = askers.reduce((sum, { asked }) => sum + asked.length, 0);
  const problems = [
    ...askers.flatMap(wrongAnswers),
    ...wrongRuns(evidence),
    ...wrongWrites(evidence.changes),
    ...wrongPosts(evidence),
  ];
  return { messages, extraRuns: agent.runs.length - messages, problems };
}

/** Each message has its own answer, once and in the order of the questions. */
function wrongAnswers(asker: Asker): string[] {
  const { name, peer, asked } = asker;
  const all = asker.heard();
  const numbers = all.map(({ text }) => (Number(text) - 1) / 2);
  const at = Math.max(asked.length, numbers.length);
  const off = Array.from({ length: at }, (_, i) => i).find((i) => asked[i] !== numbers[i]);
  const near = (list: readonly number[], i: number) => list.slice(Math.max(0, i - 3), i + 8);
  return [
    ...(off === undefined
      ? []
      : [`${name} asked ... ${near(asked, off)} and heard ... ${near(numbers, off)} ...`]),
    ...all.filter(({ excuse }) => excuse).map(({ text }) => `${name} heard an excuse: ${text}`),
    ...all
      .filter(({ to }, i) => peer !== undefined && to !== idOf(numbers[i] ?? NaN))
      .map(({ to, text }) => `${name} heard ${text} in answer to ${to}`),
  ];
}

/** A message is run again only where its bridge was robbed before the answer was in the store. */
function wrongRuns({ agent, bridges, robbed, askers }: DrillEvidence): string[] {
  const problems = agent.overlaps.map((overlap) => `two live runs of one message: ${overlap}`);
  const keepers = keptBy(bridges);
  const lost = new Set([...robbed].map(({ number }) => number));
  const byNumber = Map.groupBy(agent.runs, ({ n }) => n);
  for (const n of askers.flatMap(({ asked }) => asked)) {
    const runs = byNumber.get(n) ?? [];
    const kept = keepers.get(n) ?? [];
    if (kept.length > 1) problems.push(`the answer to ${n} was kept by ${kept}`);
    if (runs.length === 0) problems.push(`${n} was never run`);
    const last = runs.at(-1)?.life;
    if (kept[0] !== undefined && kept[0] !== last) {
      problems.push(`${n} was run by ${last} after its answer was kept by ${kept[0]}`);
    }
    for (const [i, run] of runs.entries()) {
      const before = runs[i - 1];
      if (before === undefined) continue;
      if (!lost.has(before.life)) problems.push(`${n} was run again, and ${before.life} had it`);
      if (!run.interrupted || run.attempt <= before.attempt) {
        problems.push(`the run of ${n} by ${run.life} was not told of the one by ${before.life}`);
      }
    }
  }
  return problems;
}

/** The bridges that told that the answer to each number is in the store. */
function keptBy(bridges: readonly Bridge[]): Map<number, number[]> {
  const events = bridges.flatMap(({ number, run }) =>
    run.events.map((event) => ({ number, event })),
  );
  const numbers = new Map<string, number>();
  for (const { event } of events) {
    if (event.event !== "taken") continue;
    numbers.set(event.activity_id, Number(/\d+$/.exec(event.message_id)?.[0]));
  }
  const kept = new Map<number, number[]>();
  for (const { number, event } of events) {
    if (event.event !== "reply-kept") continue;
    const n = numbers.get(event.activity_id) ?? NaN;
    kept.set(n, [...(kept.get(n) ?? []), number]);
  }
  return kept;
}

/** Each commit is by the one who made the claim of its epoch. */
function wrongWrites(changes: readonly Change[]): string[] {
  const last = new Map<string, Change>();
  const holders = new Map<string, Change>();
  const problems: string[] = [];
  const claims = new Set(claimsIn(changes));
  for (const change of changes) {
    const { ws, epoch, version, by } = change;
    const before = last.get(ws);
    last.set(ws, change);
    if (claims.has(change)) holders.set(ws, change);
    if (epoch < (before?.epoch ?? 0)) problems.push(`epoch ${epoch} came after a later one`);
    if (version === (before?.version ?? 0)) continue;
    const holder = holders.get(ws)?.by;
    if (by !== holder) problems.push(`bridge ${by} wrote version ${version} of ${holder}'s`);
    if (version !== (before?.version ?? 0) + 1) problems.push(`no version before ${version}`);
  }
  return problems;
}

/** Nobody posts once another has the workspace. */
function wrongPosts({ bridges, changes }: DrillEvidence): string[] {
  const claims = claimsIn(changes);
  return bridges.flatMap(({ number, posts }) =>
    posts.flatMap(({ at, workspaceId }) => {
      const claim = claims.findLast(({ ws, at: since }) => ws === workspaceId && since <= at);
      if (claim?.by === number) return [];
      const late = Math.round(at - (claim?.at ?? 0));
      return [`bridge ${number} posted ${late} ms after bridge ${claim?.by} had the workspace`];
    }),
  );
}
