/** The statements in which a transaction of the copy goes to Postgres, and those that fill a copy. */
import type { Column, Columns } from "./copy-schema.ts";
import type { Change } from "./working-copy.ts";

/** Who commits: the holder of the workspace, or a command that changes something from outside. */
export interface Writer {
  owner: string;
  epoch: number;
}

/** What goes out on {@link CHANNEL}: something is free, or `touched` and the workspace. */
export const CHANNEL = "molecule";
export const FREE = "free";
export const TOUCHED = "touched ";

const HOLDERS = `
  UPDATE molecule.workspaces SET version = version + 1, commit_id = $3
  WHERE id = $1 AND version = $2 AND owner = $4 AND epoch = $5 RETURNING 1`;
const VISITORS = `
  UPDATE molecule.workspaces SET version = version + 1, touched = true
  WHERE id = $1 AND version = $2 RETURNING 1`;

export interface Commit {
  text: string;
  values: unknown[];
  /** How long it may take, in ms. */
  limitMs: number;
}

/** A commit of a few rows takes a millisecond. */
const COMMIT_MS = 10_000;
/** Characters in a millisecond over a slow line. */
const SLOWEST = 100;

/**
 * All changes in one statement, which does them only where the workspace is still at that version, and
 * the writer's: its `n` is 1 then, and 0 where nothing was done. Rows are locked in the order of their
 * tables, after that of the workspace.
 */
export function commitOf(
  workspaceId: string,
  version: number,
  commitId: string,
  writer: Writer | undefined,
  changes: readonly Change[],
  columns: Columns,
): Commit {
  const values: unknown[] = [workspaceId, version];
  if (writer !== undefined) values.push(commitId, writer.owner, writer.epoch);
  const parts = [`fence AS (${writer === undefined ? VISITORS : HOLDERS})`];
  for (const { table, put, gone } of changes) {
    if (put.length > 0) {
      values.push(JSON.stringify(put));
      parts.push(`put_${table} AS (${upsert(table, columns.get(table) ?? [], values.length)})`);
    }
    if (gone.length > 0) {
      values.push(JSON.stringify(gone));
      parts.push(
        `gone_${table} AS (DELETE FROM molecule.${table} WHERE ws = $1
           AND n IN (SELECT value::bigint FROM json_array_elements_text($${values.length}::text::json))
           AND EXISTS (SELECT 1 FROM fence))`,
      );
    }
  }
  const tell = `(SELECT pg_notify('${CHANNEL}', '${TOUCHED}' || $1) FROM fence)`;
  return {
    text: `WITH ${parts.join(",\n")}
      SELECT (SELECT count(*) FROM fence)::integer AS n${writer === undefined ? `, ${tell}::text` : ""}`,
    values,
    limitMs: Math.max(COMMIT_MS, charactersOf(values) / SLOWEST),
  };
}

function charactersOf(values: readonly unknown[]): number {
  return values.reduce((sum: number, one) => sum + String(one).length, 0);
}

function upsert(table: string, columns: readonly Column[], place: number): string {
  const all = ["n", ...columns.map(({ name }) => name)];
  const typed = ["n bigint", ...columns.map(({ name, type }) => `${name} ${type}`)].join(", ");
  const set = columns.map(({ name }) => `${name} = excluded.${name}`).join(", ");
  return `INSERT INTO molecule.${table} (ws, ${all.join(", ")})
    SELECT $1, ${all.map((column) => `r.${column}`).join(", ")}
    FROM fence, json_to_recordset($${place}::text::json) AS r(${typed})
    ON CONFLICT (ws, n) DO UPDATE SET ${set}`;
}

/**
 * Rows of these tables as JSON, one {@link Page} for each table. Of $1's, each after the number that `after`
 * has for the table, and as many as `most` has, both in the JSON object $2.
 */
export function pagesOf(tables: readonly string[], columns: Columns): string {
  return tables
    .map((table) => {
      const names = ["n", ...(columns.get(table) ?? []).map(({ name }) => name)];
      const asked = (what: string) => `($2::text::json->'${what}'->>'${table}')::bigint`;
      return `SELECT '${table}' AS tbl, coalesce(json_agg(r ORDER BY r.n), '[]')::text AS rows FROM (
        SELECT ${names.join(", ")} FROM molecule.${table}
        WHERE ws = $1 AND n > ${asked("after")} ORDER BY n LIMIT ${asked("most")}) AS r`;
    })
    .join("\nUNION ALL ");
}

export interface Page {
  tbl: string;
  rows: string;
}
