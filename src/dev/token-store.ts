/** Workspace tokens (contract 1.4): 32 random bytes in base64url, kept as SHA-256 alone. */
import type { Database } from "bun:sqlite";
import type { Clock } from "../shared/clock.ts";

/** More are refused to POST …/tokens. */
export const MAX_LIVE_TOKENS = 50;

/** `instance` comes from register, external create and rotate; `api` from POST …/tokens. */
export type TokenKind = "instance" | "api";

export interface TokenRow {
  id: string;
  prefix: string;
  /** Milliseconds since 1970, like the next. */
  created_at: number;
  last_used_at: number | null;
}

export class Tokens {
  readonly #sqlite: Database;
  readonly #clock: Clock;

  constructor(sqlite: Database, clock: Clock) {
    this.#sqlite = sqlite;
    this.#clock = clock;
  }

  /** Makes a token for a workspace; this is the only time that it is seen. */
  mint(workspaceId: string, kind: TokenKind): string {
    const token = randomToken();
    this.#sqlite
      .query(
        `INSERT INTO tokens (id, workspace_id, kind, hash, prefix, created_at)
         VALUES (?, ?, ?, ?, ?, ?)`,
      )
      .run(
        crypto.randomUUID(),
        workspaceId,
        kind,
        sha256(token),
        token.slice(0, 8),
        this.#clock.now(),
      );
    return token;
  }

  /**
   * The workspace of a live token, and notes the use. A removed workspace has no tokens that count,
   * not even one minted after its removal (contract 1.7).
   */
  owner(token: string): string | undefined {
    const row = this.#sqlite
      .query<{ workspace_id: string }, [number, string]>(
        `UPDATE tokens SET last_used_at = ?
         WHERE hash = ? AND revoked_at IS NULL
           AND workspace_id IN (SELECT id FROM workspaces WHERE status <> 'removed')
         RETURNING workspace_id`,
      )
      .get(this.#clock.now(), sha256(token));
    return row?.workspace_id;
  }

  /** Whether the workspace has a token that is not revoked, of this kind or else of any. */
  hasLive(workspaceId: string, kind?: TokenKind): boolean {
    return (
      this.#sqlite
        .query(
          `SELECT 1 FROM tokens
           WHERE workspace_id = ?1 AND kind = coalesce(?2, kind) AND revoked_at IS NULL LIMIT 1`,
        )
        .get(workspaceId, kind ?? null) !== null
    );
  }

  countLive(workspaceId: string): number {
    const row = this.#sqlite
      .query<{ n: number }, [string]>(
        "SELECT count(*) AS n FROM tokens WHERE workspace_id = ? AND revoked_at IS NULL",
      )
      .get(workspaceId);
    return row?.n ?? 0;
  }

  /** The live tokens, newest first. */
  list(workspaceId: string, limit: number, offset: number): TokenRow[] {
    return this.#sqlite
      .query<TokenRow, [string, number, number]>(
        `SELECT id, prefix, created_at, last_used_at FROM tokens
         WHERE workspace_id = ? AND revoked_at IS NULL
         ORDER BY created_at DESC, rowid DESC LIMIT ? OFFSET ?`,
      )
      .all(workspaceId, limit, offset);
  }

  /** False when the workspace has no such live token. */
  revoke(workspaceId: string, tokenId: string): boolean {
    return (
      this.#sqlite
        .query(
          `UPDATE tokens SET revoked_at = ?
           WHERE workspace_id = ? AND id = ? AND revoked_at IS NULL`,
        )
        .run(this.#clock.now(), workspaceId, tokenId).changes > 0
    );
  }

  revokeAll(workspaceId: string): void {
    this.#sqlite
      .query("UPDATE tokens SET revoked_at = ? WHERE workspace_id = ? AND revoked_at IS NULL")
      .run(this.#clock.now(), workspaceId);
  }
}

/** 32 random bytes in base64url: 43 characters, of which the first is no dash. */
export function randomToken(): string {
  for (;;) {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const token = Buffer.from(bytes).toString("base64url");
    // As a word of a command line it would be taken for a flag.
    if (!token.startsWith("-")) return token;
  }
}

export function sha256(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}
