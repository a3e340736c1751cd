/** Tokens of the organisation (contract 1.4): they count as the admin token, and are kept as SHA-256. */
import type { Database } from "bun:sqlite";
import type { Clock } from "../shared/clock.ts";
import { randomToken, sha256, type TokenRow } from "./token-store.ts";

export interface OrgTokenRow extends TokenRow {
  name: string;
}

export class OrgTokens {
  readonly #sqlite: Database;
  readonly #clock: Clock;

  constructor(sqlite: Database, clock: Clock) {
    this.#sqlite = sqlite;
    this.#clock = clock;
  }

  /** Makes a token; this is the only time that it is seen. */
  mint(name: string): { id: string; prefix: string; token: string } {
    const token = randomToken();
    const id = crypto.randomUUID();
    const prefix = token.slice(0, 8);
    this.#sqlite
      .query("INSERT INTO org_tokens (id, name, hash, prefix, created_at) VALUES (?, ?, ?, ?, ?)")
      .run(id, name, sha256(token), prefix, this.#clock.now());
    return { id, prefix, token };
  }

  /** How many were made after this time, revoked ones too. */
  countSince(time: number): number {
    const row = this.#sqlite
      .query<{ n: number }, [number]>("SELECT count(*) AS n FROM org_tokens WHERE created_at > ?")
      .get(time);
    return row?.n ?? 0;
  }

  /** Whether this is a live token; notes the use. */
  use(token: string): boolean {
    const found = this.#sqlite
      .query<{ id: string }, [string]>(
        "SELECT id FROM org_tokens WHERE hash = ? AND revoked_at IS NULL",
      )
      .get(sha256(token));
    // Looked for first: every request of every workspace asks, and reading locks nobody out.
    if (found === null) return false;
    this.#sqlite
      .query("UPDATE org_tokens SET last_used_at = ? WHERE id = ?")
      .run(this.#clock.now(), found.id);
    return true;
  }

  /** The live tokens, newest first. */
  list(): OrgTokenRow[] {
    return this.#sqlite
      .query<OrgTokenRow, []>(
        `SELECT id, name, prefix, created_at, last_used_at FROM org_tokens
         WHERE revoked_at IS NULL ORDER BY created_at DESC, rowid DESC`,
      )
      .all();
  }

  /** False when there is no such live token. */
  revoke(id: string): boolean {
    return (
      this.#sqlite
        .query("UPDATE org_tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL")
        .run(this.#clock.now(), id).changes > 0
    );
  }
}
