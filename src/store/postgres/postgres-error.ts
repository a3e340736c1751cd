/** What went wrong with Postgres, in words that say what to do. */
import { MoleculeError } from "../../shared/errors.ts";

/** The database can't be reached at the moment, or can't work: tried again, it may go on. */
export class StoreAway extends MoleculeError {
  override readonly name = "StoreAway";
  /** Why, without saying whose reason it is. */
  readonly reason: string;

  constructor(place: string, reason: string, cause: unknown) {
    super(`the store at ${place} can't be used: ${reason}`, {
      hint: "See that Postgres runs and can be reached from here.",
      cause,
    });
    this.reason = reason;
  }
}

/**
 * SQLSTATE classes that pass (postgresql.org, "PostgreSQL Error Codes"): connection, resources, shutting
 * down or starting, a transaction that lost against another, a standby that only reads.
 */
const PASSING = /^(?:08|53|57P0|57014|40|25006|55P03|58030)/;

/** Whether it may pass by itself: any failure to reach the server, and some that it tells of. */
export function isPassing(error: unknown): boolean {
  const state = stateOf(error);
  return state === undefined ? isOfConnection(error) : PASSING.test(state);
}

/** SQLSTATE, where the server answered. */
function stateOf(error: unknown): string | undefined {
  const { errno } = error as { errno?: unknown };
  return typeof errno === "string" && /^[0-9A-Z]{5}$/.test(errno) ? errno : undefined;
}

/** Anything that Bun says of a login or an encryption that can't be is no matter of waiting. */
function isOfConnection(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return (
    typeof code !== "string" ||
    !/^ERR_POSTGRES_(?:.*(?:AUTHENTICATION|SASL|TLS|CHANNEL_BINDING|INVALID_SERVER)|INVALID_BINARY|SYNTAX)/.test(
      code,
    )
  );
}

/** A statement that was prepared over another's connection, or is looked for there. */
const POOLER =
  "A pooler seems to share connections between transactions: add prepare=false to the address of the store (?prepare=false).";

/** By the start of the SQLSTATE, the more special first. */
const HINTS: readonly [prefix: string, hint: string][] = [
  ["42P05", POOLER],
  ["26000", POOLER],
  ["28", "Check the user and the password in the address of the store."],
  ["3D000", "Make the database first (createdb), or name another one in the address."],
  [
    "42501",
    "The user may not do this: let one who may run molecule store migrate, whose help tells of the rights.",
  ],
  ["42P01", "Its tables are gone: restore them, or move the schema 'molecule' away to begin anew."],
  ["3F000", "Its schema is gone: restore it; a bridge that is started makes a new one."],
];

/** The error for what the server refuses, and will refuse again. */
export function serverError(place: string, reason: string, error: unknown): MoleculeError {
  const state = stateOf(error);
  const hint = HINTS.find(([prefix]) => state?.startsWith(prefix))?.[1];
  const code = state === undefined ? "" : ` (${state})`;
  return new MoleculeError(`the store at ${place} refuses: ${reason}${code}`, {
    hint: hint ?? "See the address of the store, and the server's log.",
    cause: error,
  });
}
