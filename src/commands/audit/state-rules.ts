/** What an audit looks for in the state of a workspace. Pure. Contract sections in brackets. */
import { formatDuration } from "../../shared/duration.ts";
import { asObject, get, getNumber, getString, type JsonObject } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import { type Facts, idOf, isAtWork, isExternal, say, timeOf } from "./facts.ts";
import type { Said } from "./finding.ts";

/** Of both revisions' windows (1.2) the longer one: within it silence may be chance. */
const STALE_MS = 180_000;
/** Degraded from 0.5 on, healthy below 0.1 (1.2). */
const BAD_ERROR_RATE = 0.1;
const NEAR_BUDGET = 0.8;
const RAISE = "raise its budget on the canvas, or have it do less";

/** Its status, signs of life, errors, budget, address, parent and card. */
export function stateRules(facts: Facts): Said[] {
  return [
    ...status(facts),
    ...heartbeat(facts),
    ...errorRate(facts),
    ...budget(facts),
    ...pushAddress(facts),
    ...parent(facts),
    ...card(facts),
  ];
}

function status({ row }: Facts): Said[] {
  const id = idOf(row);
  const found = getString(row, "status");
  const reason = reasonOf(row);
  const revive = isExternal(row)
    ? `start its bridge: molecule connect ${id}`
    : `restart it: molecule workspace restart ${id}`;
  switch (found) {
    case "failed":
      return say("error", "failed", `it has failed${reason}`, revive);
    case "degraded":
      return say(
        "warning",
        "degraded",
        `its agent reports trouble${reason}`,
        isExternal(row) ? `see the log of its bridge; molecule doctor ${id}` : revive,
      );
    case "awaiting_agent":
      return say("warning", "awaiting-agent", "no agent is connected; messages wait", revive);
    case "offline":
      return say("warning", "offline", `it is offline${reason}`, revive);
    case "paused":
      return say("info", "paused", "it is paused", `molecule workspace resume ${id}`);
    case "hibernated":
    case "hibernating":
      return say("info", "hibernated", "it hibernates", "a message wakes it");
    default:
      return [];
  }
}

function heartbeat({ row, now }: Facts): Said[] {
  // Revision 1 does not show it; for the other states the status says it all.
  const at = timeOf(row, "last_heartbeat_at");
  if (at === undefined || !isAtWork(row) || now - at <= STALE_MS) return [];
  return say(
    "warning",
    "stale-heartbeat",
    `its last sign of life was ${formatDuration(now - at)} ago, and it still counts as online`,
    `look whether its bridge runs: molecule doctor ${idOf(row)}`,
  );
}

function errorRate({ row }: Facts): Said[] {
  const rate = getNumber(row, "last_error_rate") ?? 0;
  // A degraded one has been told of.
  if (rate < BAD_ERROR_RATE || getString(row, "status") !== "online") return [];
  return say(
    "warning",
    "error-rate",
    `${Math.round(rate * 100)}% of its latest runs failed${reasonOf(row)}`,
    "see the log of its bridge, and molecule dead-letter list",
  );
}

function budget({ row }: Facts): Said[] {
  const limit = getNumber(row, "budget_limit");
  const spent = getNumber(row, "monthly_spend") ?? 0;
  if (limit === undefined || spent < limit * NEAR_BUDGET) return [];
  const figures = `${dollars(spent)} of ${dollars(limit)} this month`;
  return spent >= limit
    ? say(
        "error",
        "over-budget",
        `its budget is spent: ${figures}; messages to it are refused`,
        RAISE,
      )
    : say("warning", "near-budget", `its budget is nearly spent: ${figures}`, RAISE);
}

function pushAddress({ row }: Facts): Said[] {
  // Only newer platforms show the mode.
  if (getString(row, "delivery_mode") !== "push" || getString(row, "url") !== undefined) return [];
  return say(
    "error",
    "push-without-url",
    "messages are to be pushed to it, and it has no address",
    `connect it: molecule connect ${idOf(row)}, by default in poll mode`,
  );
}

function parent({ row, others, complete }: Facts): Said[] {
  const parentId = getString(row, "parent_id");
  if (parentId === undefined) return [];
  const found = others.find((other) => getString(other, "id") === parentId);
  if (found === undefined) {
    if (!complete) return [];
    return say(
      "warning",
      "lost-parent",
      `its parent ${parentId} is not there any more`,
      `molecule workspace update ${idOf(row)} gives it another`,
    );
  }
  if (getString(found, "status") !== "paused") return [];
  return say(
    "warning",
    "paused-parent",
    `its parent ${oneLine(getString(found, "name") ?? parentId, 60)} is paused`,
    `molecule workspace resume ${parentId}`,
  );
}

function card({ row }: Facts): Said[] {
  const found = asObject(get(row, "agent_card"));
  if (!isAtWork(row) || (found !== undefined && Object.keys(found).length > 0)) return [];
  return say(
    "warning",
    "no-card",
    "its agent has not introduced itself: it has no card",
    "an agent sends its card when it connects: start its bridge again",
  );
}

function reasonOf(row: JsonObject): string {
  const reason = getString(row, "last_sample_error");
  return reason === undefined ? "" : `: ${oneLine(reason, 160)}`;
}

function dollars(cents: number): string {
  return `$${(cents / 100).toFixed(2)}`;
}
