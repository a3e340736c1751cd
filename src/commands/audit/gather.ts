/** Collects what an audit looks at, gently: a few calls at once, and slower where few are left. */
import type { Management } from "../../platform/management.ts";
import { PlatformError } from "../../platform/platform.ts";
import { nextDelay } from "../../shared/backoff.ts";
import { mapBounded } from "../../shared/bounded.ts";
import { type Clock, LATE, systemClock, within } from "../../shared/clock.ts";
import { formatDuration } from "../../shared/duration.ts";
import type { JsonObject } from "../../shared/json.ts";
import { isRefusal } from "../access/if-allowed.ts";
import { idOf, say } from "./facts.ts";
import { about, byLevel, type Finding, type Said } from "./finding.ts";
import { stateRules } from "./state-rules.ts";
import { useRules } from "./use-rules.ts";

/** Workspaces that are looked at side by side. */
const AT_ONCE = 4;
/** A bridge with the same token needs some of the minute's calls, too (contract 1.8). */
const SPARE = 0.2;
const SLOW_MS = 1_000;
/** Tries of a call that the platform puts off. */
const TRIES = 3;
/** A minute is the length of the platform's window. */
const LONGEST_WAIT_MS = 60_000;
/** What the lists of all workspaces may take together. */
const TOTAL_MS = 60_000;

type Source = Pick<
  Management,
  "workspaces" | "workspace" | "peers" | "delegations" | "tokens" | "rateLimit" | "serverNow"
>;

/**
 * What there is to say of the rows, the worst first. `others`: all that is known beside them. What a slow platform
 * does not show within a minute in all is left out, and that is a finding of its own.
 */
export async function auditAll(
  platform: Source,
  rows: readonly JsonObject[],
  others: { rows: readonly JsonObject[]; complete: boolean },
  clock: Clock = systemClock,
): Promise<Finding[]> {
  const end = clock.monotonic() + TOTAL_MS;
  const found = await mapBounded(rows, AT_ONCE, async (row) => {
    const id = idOf(row);
    const inTime = async (what: string, call: () => Promise<JsonObject[]>): Promise<Seen> => {
      const leftMs = end - clock.monotonic();
      const got =
        // A call takes the time of the machine, whoever's clock the pauses are taken from.
        leftMs <= 0 ? LATE : await within(systemClock, leftMs, seen(platform, clock, what, call));
      return got === LATE ? leftOut(what) : got;
    };
    const delegations = await inTime("delegations", () => platform.delegations(id));
    const tokens = await inTime("tokens", () => platform.tokens(id));
    const facts = {
      row,
      others: others.rows,
      complete: others.complete,
      delegations: delegations.rows,
      tokens: tokens.rows,
      now: platform.serverNow(),
    };
    const said = [...stateRules(facts), ...useRules(facts)];
    return about(row, [...said, ...delegations.unseen, ...tokens.unseen]);
  });
  return byLevel(found.flat());
}

interface Seen {
  rows: JsonObject[] | undefined;
  /** The finding that they were not shown. */
  unseen: Said[];
}

/**
 * What the call lists. Not to be allowed to, or not to have such a list (404), is no end of the audit;
 * a platform that is away is.
 */
async function seen(
  platform: Source,
  clock: Clock,
  what: string,
  call: () => Promise<JsonObject[]>,
): Promise<Seen> {
  for (let failures = 1; ; failures++) {
    await pace(platform, clock);
    try {
      return { rows: await call(), unseen: [] };
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      const { verdict, failure } = error;
      if (verdict === "transient" && failures < TRIES && failure.status !== undefined) {
        const waitMs = nextDelay(failures, Math.random, failure.retryAfterMs);
        await clock.sleep(Math.min(waitMs, LONGEST_WAIT_MS));
        continue;
      }
      if (!isRefusal(error) && failure.status !== 404) throw error;
      const finding = `its ${what} could not be looked at: ${error.message}`;
      const action = "an admin or organisation token shows more (--api-token-file)";
      return { rows: undefined, unseen: say("info", `unseen-${what}`, finding, action) };
    }
  }
}

function leftOut(what: string): Seen {
  const finding = `its ${what} were left out: the platform is too slow to show all in ${formatDuration(TOTAL_MS)}`;
  const action = "audit this workspace alone, or all once the platform is faster";
  return { rows: undefined, unseen: say("info", `unseen-${what}`, finding, action) };
}

async function pace(platform: Source, clock: Clock): Promise<void> {
  const left = platform.rateLimit();
  if (left !== undefined && left.remaining < left.limit * SPARE) await clock.sleep(SLOW_MS);
}
