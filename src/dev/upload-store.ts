/** Files that wait for their agent, in pieces (contract 2.10). */
import type { Database } from "bun:sqlite";
import type { Clock } from "../shared/clock.ts";

/** A file that nobody fetches is kept for so long, and one that was acknowledged. */
const KEPT_MS = 24 * 60 * 60_000;
const KEPT_ACKNOWLEDGED_MS = 60 * 60_000;

export interface UploadRow {
  id: string;
  name: string;
  mime_type: string;
  size: number;
  /** Milliseconds since 1970; null until then. */
  acked_at: number | null;
}

const GONE = "created_at < $unfetched OR coalesce(acked_at < $acknowledged, 0)";

export class Uploads {
  readonly #sqlite: Database;
  readonly #clock: Clock;

  constructor(sqlite: Database, clock: Clock) {
    this.#sqlite = sqlite;
    this.#clock = clock;
  }

  /** Makes room for a file, which nobody sees until it is {@link finish}ed; gives its id. */
  begin(workspaceId: string, file: { name: string; mimeType: string }): string {
    const id = crypto.randomUUID();
    this.#sqlite
      .query(
        `INSERT INTO uploads (id, workspace_id, name, mime_type, created_at)
         VALUES (?, ?, ?, ?, ?)`,
      )
      .run(id, workspaceId, file.name, file.mimeType, this.#clock.now());
    return id;
  }

  /** Writes the `n`th piece, counted from 0. */
  write(id: string, n: number, bytes: Uint8Array): void {
    this.#sqlite
      .query("INSERT INTO upload_pieces (upload_id, n, bytes) VALUES (?, ?, ?)")
      .run(id, n, bytes);
  }

  /** The file is whole, `size` bytes long. */
  finish(id: string, size: number): void {
    this.#sqlite.query("UPDATE uploads SET size = ? WHERE id = ?").run(size, id);
  }

  drop(id: string): void {
    this.#sqlite.query("DELETE FROM uploads WHERE id = ?").run(id);
  }

  /** The file of this workspace; undefined where there is none, or no longer. */
  find(workspaceId: string, id: string): UploadRow | undefined {
    const row = this.#sqlite
      .query<UploadRow, { [name: string]: string | number }>(
        `SELECT id, name, mime_type, size, acked_at FROM uploads
         WHERE workspace_id = $workspaceId AND id = $id AND size IS NOT NULL AND NOT (${GONE})`,
      )
      .get({ workspaceId, id, ...this.#limits() });
    return row ?? undefined;
  }

  read(id: string, n: number): Uint8Array | undefined {
    const row = this.#sqlite
      .query<{ bytes: Uint8Array }, [string, number]>(
        "SELECT bytes FROM upload_pieces WHERE upload_id = ? AND n = ?",
      )
      .get(id, n);
    return row?.bytes;
  }

  /** False when it was acknowledged before. */
  acknowledge(id: string): boolean {
    return (
      this.#sqlite
        .query("UPDATE uploads SET acked_at = ? WHERE id = ? AND acked_at IS NULL")
        .run(this.#clock.now(), id).changes > 0
    );
  }

  /** Removes what is kept no longer. */
  sweep(): void {
    this.#sqlite.query(`DELETE FROM uploads WHERE ${GONE}`).run(this.#limits());
  }

  #limits() {
    const now = this.#clock.now();
    return { unfetched: now - KEPT_MS, acknowledged: now - KEPT_ACKNOWLEDGED_MS };
  }
}
