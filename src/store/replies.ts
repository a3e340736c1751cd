/** Replies as they stand in the database. */
import { sessionOf } from "./messages.ts";
import type { Sql } from "./sql.ts";
import type { Attachment, NewReply, Reply } from "./store.ts";

/** What one reply is known by, also where its message was revived meanwhile. */
export type ReplyKey = Pick<Reply, "activityId" | "kind" | "generation">;

/** The kind that settles nothing (see {@link Reply}). */
export function isTrouble({ kind }: Pick<Reply, "kind">): boolean {
  return kind === "trouble";
}

/** Puts a reply in the place of whatever of its message was to be posted before. */
export function putReply(
  sql: Sql,
  reply: NewReply,
  { at, nowMs, deadReason }: { at: string; nowMs: number; deadReason?: string | undefined },
): void {
  sql.run("DELETE FROM replies WHERE activity_id = ? AND state = 'pending'", reply.activityId);
  // Not REPLACE: it would remove the old row without its trigger.
  removeReply(sql, reply);
  sql.run(
    `INSERT INTO replies
       (activity_id, at, kind, generation, lane, digest, dead_reason, since_ms, session, attachments,
        bytes, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    reply.activityId,
    at,
    reply.kind,
    reply.generation,
    reply.lane,
    reply.digest,
    deadReason,
    nowMs,
    sessionOf(sql),
    writeAttachments(reply.attachments),
    Buffer.byteLength(reply.body),
    reply.body,
  );
}

/** Whether it was there, and what its message is bound for. */
export function removeReply(
  sql: Sql,
  { activityId, kind, generation }: ReplyKey,
): { deadReason: string | undefined } | undefined {
  const row = sql.get<{ dead_reason: string | null }>(
    `DELETE FROM replies WHERE activity_id = ? AND kind = ? AND generation = ?
     RETURNING dead_reason`,
    activityId,
    kind,
    generation,
  );
  return row === undefined ? undefined : { deadReason: row.dead_reason ?? undefined };
}

/** Keeps other attachments with a reply and, if given, another text. Whether it was there. */
export function changeReply(
  sql: Sql,
  { activityId, kind, generation }: ReplyKey,
  attachments: string | undefined,
  text: Pick<NewReply, "body" | "digest"> | undefined,
): boolean {
  const where = "WHERE activity_id = ? AND kind = ? AND generation = ?";
  const key = [activityId, kind, generation] as const;
  const changed = sql.run(`UPDATE replies SET attachments = ? ${where}`, attachments, ...key);
  if (text !== undefined) {
    // The size stays as it was counted: it is taken off again when the reply goes.
    sql.run(`UPDATE replies SET body = ?, digest = ? ${where}`, text.body, text.digest, ...key);
  }
  return changed > 0;
}

/** The oldest reply of a lane that waits to be posted. */
export function pendingInLane(sql: Sql, lane: string): Reply | undefined {
  return findReplies(sql, "WHERE lane = ? AND state = 'pending' ORDER BY at, n LIMIT 1", lane)[0];
}

/** Those that a process handed over that has ended. */
export function leftOpen(sql: Sql): Reply[] {
  return findReplies(
    sql,
    "WHERE state = 'handed' AND session <> (SELECT session FROM meta) ORDER BY n",
  );
}

/** What is posted for a reply; undefined where it is not kept any more. */
export function bodyOf(sql: Sql, { activityId, kind, generation }: ReplyKey): string | undefined {
  return sql.get<{ body: string }>(
    "SELECT body FROM replies WHERE activity_id = ? AND kind = ? AND generation = ?",
    activityId,
    kind,
    generation,
  )?.body;
}

/** The files of a reply as they are kept: nothing where there are none. */
export function writeAttachments(attachments: Reply["attachments"] = []): string | undefined {
  return attachments.length === 0 ? undefined : JSON.stringify(attachments);
}

/** What {@link writeAttachments} wrote, to be spread into a reply. */
export function readAttachments(kept: string | null): Pick<Reply, "attachments"> {
  return kept === null ? {} : { attachments: JSON.parse(kept) as Attachment[] };
}

interface ReplyRow extends Omit<Reply, "digest" | "maybePosted" | "deadReason" | "attachments"> {
  digest: string | null;
  deadReason: string | null;
  attachments: string | null;
  session: number;
}

function findReplies(sql: Sql, where: string, ...values: string[]): Reply[] {
  const rows = sql.all<ReplyRow>(
    `SELECT activity_id AS activityId, at, dead_reason AS deadReason, lane, kind, generation,
       digest, since_ms AS since, attachments, session FROM replies ${where}`,
    ...values,
  );
  if (rows.length === 0) return [];
  const now = sessionOf(sql);
  return rows.map(({ session, digest, deadReason, attachments, ...reply }) => ({
    ...reply,
    ...readAttachments(attachments),
    digest: digest ?? undefined,
    deadReason: deadReason ?? undefined,
    maybePosted: session !== now,
  }));
}
