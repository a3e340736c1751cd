/** What went wrong with Postgres, in words that say what to do. */
import { codeOf, messageOf, MoleculeError } from "../../shared/errors.ts";

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
const PASSING = /^(?:08|53|57P0|57014|40|25006|25P03|55P03|58030)/;

/** Whether it may pass by itself: any failure to reach the server, and some that it tells of. */
export function isPassing(error: unknown): boolean {
  const state = stateOf(error);
  if (state !== undefined) return PASSING.test(state);
  return isOfConnection(error) && certificateHint(error) === undefined;
}

/**
 * What to do where the server's certificate is not trusted, by what Bun gives for it: a code (those of OpenSSL, as
 * Node.js spells them; nodejs.org, "X509 certificate error codes") and a message. The more special first.
 */
const CERTIFICATE_HINTS: readonly [fault: RegExp, hint: string][] = [
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID /,
    "Name the host in the address of the store as its certificate does; with sslmode=verify-ca any name is right.",
  ],
  [
    /^CERT_(?:HAS_EXPIRED|NOT_YET_VALID) /,
    "Have the server's certificate renewed; or the clock of this machine is wrong.",
  ],
  [
    // It is not there, or holds no certificate: the codes of both tell of many other faults, too.
    /^ERR_(?:INVALID_ARG_TYPE|BORINGSSL) .*(?:caFile|CA file)/,
    "The address of the store must name a file of authorities (PEM) that can be read here: ?sslrootcert=FILE.",
  ],
  [
    /^(?:[A-Z_]*CERT|UNABLE_TO_|INVALID_(?:CA|PURPOSE) |PATH_LENGTH_EXCEEDED )/,
    "Name the file of the authority that signed it in the address of the store: ?sslmode=verify-full&sslrootcert=FILE. sslmode=require without a file encrypts, and trusts any.",
  ],
];

/** For what Bun says of a certificate: no waiting makes it good. Undefined for anything else. */
function certificateHint(error: unknown): string | undefined {
  const told = `${codeOf(error)} ${messageOf(error)}`;
  return CERTIFICATE_HINTS.find(([fault]) => fault.test(told))?.[1];
}

/** SQLSTATE, where the server answered. */
function stateOf(error: unknown): string | undefined {
  const { errno } = error as { errno?: unknown };
  return typeof errno === "string" && /^[0-9A-Z]{5}$/.test(errno) ? errno : undefined;
}

/** Anything that Bun says of a login or an encryption that can't be is no matter of waiting. */
function isOfConnection(error: unknown): boolean {
  // A fault of this program is none, either.
  if (error instanceof SyntaxError || error instanceof RangeError) return false;
  if (error instanceof TypeError && codeOf(error) === undefined) return false;
  return !/^ERR_POSTGRES_(?:.*(?:AUTHENTICATION|SASL|TLS|CHANNEL_BINDING|INVALID_SERVER)|INVALID_BINARY|SYNTAX)/.test(
    codeOf(error) ?? "",
  );
}

/** A statement that was prepared over another's connection, or is looked for there. */
const POOLER =
  "A pooler seems to share connections between transactions: add prepare=false to the address of the store (?prepare=false).";

/** By the start of the SQLSTATE, the more special first. */
const HINTS: readonly [prefix: string, hint: string][] = [
  ["42P05", POOLER],
  ["26000", POOLER],
  [
    "28000",
    "Check the user and the database in the address of the store, and whether the server wants encryption (sslmode=require): its pg_hba.conf says who may come in.",
  ],
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
  const untrusted = certificateHint(error);
  if (untrusted !== undefined) {
    return new MoleculeError(
      `the store at ${place} can't be trusted: ${reason} (${codeOf(error)})`,
      {
        hint: untrusted,
        cause: error,
      },
    );
  }
  const state = stateOf(error);
  const hint = HINTS.find(([prefix]) => state?.startsWith(prefix))?.[1];
  const code = state === undefined ? "" : ` (${state})`;
  return new MoleculeError(`the store at ${place} refuses: ${reason}${code}`, {
    hint: hint ?? "See the address of the store, and the server's log.",
    cause: error,
  });
}

/** The error for a workspace that nobody has ever had in the store. */
export function unknownThere(place: string, workspaceId: string): MoleculeError {
  return new MoleculeError(`the store at ${place} knows nothing of workspace ${workspaceId}`, {
    hint: "Check the id, and the address of the store; molecule store status shows what is in it.",
  });
}
