/** What an audit looks for in how a workspace is used: its delegations and tokens. Pure. */
import { getString } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import { type Delegation, findDelegation, readDelegation } from "../workspace/delegation.ts";
import { type Facts, idOf, say, timeOf } from "./facts.ts";
import type { Said } from "./finding.ts";

/** A push may take half an hour (2.4.5): a delegation that is silent for longer leads nowhere. */
const STUCK_MS = 30 * 60_000;
const DAY_MS = 24 * 3_600_000;
/** Of 50 that are possible (1.4). */
const MANY_TOKENS = 10;
const NEARLY_ALL_TOKENS = 40;

/** Its delegations and tokens, as far as the platform showed them. */
export function useRules(facts: Facts): Said[] {
  return [...delegations(facts), ...tokens(facts)];
}

function delegations({ row, delegations: rows = [], now }: Facts): Said[] {
  const ids = new Set(rows.flatMap((one) => readDelegation(one)?.id ?? []));
  const known = [...ids].flatMap((id) => findDelegation(rows, id) ?? []);
  const silentMs = ({ updatedAt, createdAt }: Delegation) =>
    now - (timeOf({ at: updatedAt ?? createdAt }, "at") ?? now);
  const failed = known.filter((one) => one.outcome === "failed" && silentMs(one) <= DAY_MS);
  const stuck = known.filter((one) => one.outcome === "running" && silentMs(one) > STUCK_MS);
  const look = `molecule workspace delegations ${idOf(row)}`;
  const why = failed[0]?.error;
  const last = why === undefined ? "" : `, the last one: ${oneLine(why, 120)}`;
  return [
    ...(failed.length === 0
      ? []
      : say(
          "warning",
          "delegation-failed",
          `${count(failed, "delegation")} of it failed within a day${last}`,
          look,
        )),
    ...(stuck.length === 0
      ? []
      : say(
          "warning",
          "delegation-stuck",
          `${count(stuck, "delegation")} of it did not move for over half an hour`,
          look,
        )),
  ];
}

function tokens({ row, tokens: rows, now }: Facts): Said[] {
  if (rows === undefined) return [];
  if (rows.length === 0) {
    return say(
      "warning",
      "no-token",
      "it has no live token: whoever registers as it first is given one",
      `molecule workspace rotate-token ${idOf(row)}`,
    );
  }
  const idle = rows.filter(
    (token) =>
      getString(token, "last_used_at") === undefined &&
      now - (timeOf(token, "created_at") ?? now) > 7 * DAY_MS,
  );
  const look = `molecule token list ${idOf(row)}, then molecule token revoke`;
  const level = rows.length >= NEARLY_ALL_TOKENS ? "warning" : "info";
  return [
    ...(rows.length < MANY_TOKENS
      ? []
      : say(level, "many-tokens", `it has ${rows.length} live tokens; 50 are the most`, look)),
    ...(idle.length === 0
      ? []
      : say(
          "info",
          "unused-token",
          `${count(idle, "token")} of it stayed unused for a week`,
          look,
        )),
  ];
}

function count({ length }: readonly unknown[], noun: string): string {
  return length === 1 ? `one ${noun}` : `${length} ${noun}s`;
}
