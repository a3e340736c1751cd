/** A load from its first message to its last answer: sends, watches the feeds, and keeps the ledger. */
import type { Row } from "../../../a2a/feed-row.ts";
import { PlatformError, type Platform, type RateLimit } from "../../../platform/platform.ts";
import { within, type Clock } from "../../../shared/clock.ts";
import { Answers } from "./answers.ts";
import { Feeds, type Watched } from "./feeds.ts";
import type { Ledger } from "./ledger.ts";
import { sendAll } from "./sending.ts";

/** What sends, or is read: a client of the platform. */
type Client = Pick<Platform, "send" | "activity" | "rateLimit">;

export interface LoadRun {
  ledger: Ledger;
  agentId: string;
  /** Of the codes in the texts. */
  run: string;
  /** By their place in the load; without an id it is the canvas. */
  senders: readonly { id: string | undefined; client: Client }[];
  /** Reads the agent's own feed. */
  agentFeed: Client;
  /** Whether answers are waited for. */
  wait: boolean;
  /** After the last message was due, in milliseconds. */
  timeoutMs: number;
  concurrency: number;
  clock: Clock;
  random: () => number;
  /** Ends it early. */
  signal: AbortSignal;
  /** Hears of each failed call; `limit` where the platform's rate limit is used up. */
  onTrouble: (error: PlatformError, limit: RateLimit | undefined) => void;
  /** Hears how many are answered, or with `wait: false` sent, whenever that has changed. */
  onProgress: (done: number) => void;
}

/** A second answer comes soon after the first, if it comes. */
const SETTLE_MS = 300;
/** How long the last look may take. */
const LAST_LOOK_MS = 10_000;

/**
 * Resolves when all messages are answered (or sent, where nobody waits), when the time is up, or when the
 * signal aborts: the ledger tells which. Rejects where the platform can't be worked with any more.
 */
export async function runLoad(load: LoadRun): Promise<void> {
  const { ledger, wait, clock, signal, random } = load;
  const over = new AbortController();
  const abort = () => over.abort();
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  const watch = stopwatch(clock);
  const answers = new Answers(ledger, load.agentId, load.run, watch.of);
  const trouble = (client: Client) => (error: PlatformError) =>
    load.onTrouble(error, usedUp(error, client.rateLimit()));
  const feeds = wait ? watchedBy(load, answers) : [];
  const watching = new Feeds(feeds, { clock, random, onFailure: trouble(load.agentFeed) });
  const broken = Promise.withResolvers<never>();
  const background: Promise<void>[] = [];
  const start = (work: Promise<void>) => void background.push(work.catch(broken.reject));
  try {
    await watching.begin(over.signal);
    watch.start();
    start(
      sendAll({
        ...load,
        elapsed: watch.elapsed,
        signal: over.signal,
        onRefused: (error, { from }) =>
          trouble(load.senders[from]?.client ?? load.agentFeed)(error),
      }),
    );
    start(watching.watch(over.signal));
    const longestMs = (ledger.entries.at(-1)?.dueMs ?? 0) + load.timeoutMs;
    const end = within(clock, longestMs, untilDone(load, over.signal), over.signal);
    await Promise.race([end, broken.promise]);
    if (wait && !over.signal.aborted) {
      await clock.sleep(SETTLE_MS, over.signal);
      const look = within(clock, LAST_LOOK_MS, watching.lookBack(over.signal), over.signal);
      await Promise.race([look, broken.promise]);
    }
  } finally {
    signal.removeEventListener("abort", abort);
    over.abort();
    await Promise.all(background);
  }
}

/** The senders' feeds for answers to them, and the agent's for questions and notices. */
function watchedBy({ senders, agentFeed }: LoadRun, answers: Answers): Watched[] {
  const own = senders.flatMap(({ id, client }) =>
    id === undefined ? [] : [{ feed: client, take: (row: Row) => answers.ofPeer(row) }],
  );
  return [{ feed: agentFeed, take: (row) => answers.ofAgent(row) }, ...own];
}

async function untilDone(
  { ledger, wait, onProgress }: LoadRun,
  signal: AbortSignal,
): Promise<void> {
  for (let shown = 0; !signal.aborted; await ledger.bell.wait(signal)) {
    const done = wait ? ledger.settled : ledger.sentOut;
    if (done !== shown) onProgress(done);
    shown = done;
    if (done === ledger.entries.length) return;
  }
}

function usedUp({ failure }: PlatformError, limit: RateLimit | undefined): RateLimit | undefined {
  return failure.status === 429 && limit?.remaining === 0 ? limit : undefined;
}

/** Milliseconds since its start, by our clock and by the time of a row: the platform is on this machine. */
function stopwatch(clock: Clock) {
  let startedAt = clock.monotonic();
  let startedWall = clock.now();
  const elapsed = () => clock.monotonic() - startedAt;
  return {
    start() {
      startedAt = clock.monotonic();
      startedWall = clock.now();
    },
    elapsed,
    /** Never later than now: the clock may have been set. */
    of({ createdAt }: Row): number {
      if (createdAt === undefined) return elapsed();
      const ms = Number(createdAt - BigInt(Math.floor(startedWall)) * 1_000_000n) / 1_000_000;
      return Math.min(Math.max(ms, 0), elapsed());
    },
  };
}
