/** The outbox: answers that are kept before they are posted. */
import type { Clock } from "../shared/clock.ts";
import { MoleculeError } from "../shared/errors.ts";
import { formatTimestamp, parseTimestamp } from "../shared/timestamp.ts";
import {
  buryMessage,
  findMessage,
  handMessage,
  openMessage,
  sessionOf,
  settleMessage,
  type MessageRow,
} from "./messages.ts";
import {
  bodyOf,
  changeReply,
  isTrouble,
  leftOpen,
  putReply,
  removeReply,
  writeAttachments,
} from "./replies.ts";
import type { Sql } from "./sql.ts";
import type { Attachment, NewReply, Outbox, PeerMode, Reply } from "./store.ts";
import type { Transactions } from "./transactions.ts";

export class SqlOutbox implements Outbox {
  readonly #database: Transactions;
  readonly #clock: Clock;

  constructor(database: Transactions, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  keep(reply: NewReply, deadReason?: string): Promise<Reply> {
    const nowMs = this.#clock.now();
    const { body: _, ...kept } = reply;
    return this.#database.write((sql) => {
      const { n, at } = openMessage(sql, reply.activityId);
      putReply(sql, reply, { at, nowMs, deadReason });
      const next = isTrouble(reply) ? "state = 'waiting', told = 1" : "state = 'answered'";
      sql.run(
        // A run that leads to the dead letters was an attempt, too.
        `UPDATE messages SET ${next}, run = NULL, pid = NULL,
           attempts = attempts + (state = 'running' AND ?) WHERE n = ?`,
        deadReason === undefined ? 0 : 1,
        n,
      );
      return { ...kept, at, since: nowMs, maybePosted: false, deadReason };
    }, true);
  }

  async body(reply: Reply): Promise<string> {
    const body = await this.#database.read((sql) => bodyOf(sql, reply));
    if (body !== undefined) return body;
    throw notKept(reply);
  }

  async attached(
    reply: Reply,
    attachments: readonly Attachment[],
    text?: Pick<NewReply, "body" | "digest">,
  ): Promise<Reply> {
    const found = await this.#database.write((sql) => {
      const kept = writeAttachments(attachments);
      return changeReply(sql, reply, kept, text);
    }, true);
    if (!found) throw notKept(reply);
    return { ...reply, attachments, ...(text === undefined ? {} : { digest: text.digest }) };
  }

  async posted(reply: Reply, at: string): Promise<void> {
    const nowMs = this.#clock.now();
    await this.#database.write((sql) => {
      const removed = removeReply(sql, reply);
      if (removed === undefined) return;
      if (reply.lane === "" && reply.digest !== undefined) {
        sql.run(
          "INSERT INTO notices (digest, at, at_ms) VALUES (?, ?, ?)",
          reply.digest,
          at,
          nowMs,
        );
      }
      const message = answeredBy(sql, reply);
      if (message === undefined) return;
      if (removed.deadReason === undefined) settleMessage(sql, message);
      else buryMessage(sql, message, removed.deadReason, nowMs);
    });
  }

  async refused(reply: Reply, reason: string): Promise<void> {
    const nowMs = this.#clock.now();
    await this.#database.write((sql) => {
      if (isTrouble(reply)) return void removeReply(sql, reply);
      const message = findMessage(sql, reply.activityId);
      // Dropped or revived meanwhile: then this answer is nobody's.
      if (message?.generation !== reply.generation) return void removeReply(sql, reply);
      const found = sql.get<{ dead_reason: string | null }>(
        `UPDATE replies SET state = 'undelivered'
         WHERE activity_id = ? AND kind = ? AND generation = ? RETURNING dead_reason`,
        reply.activityId,
        reply.kind,
        reply.generation,
      );
      if (found === undefined) return;
      const first = found.dead_reason;
      const whole = first === null ? reason : `${first} (its asker could not be told: ${reason})`;
      buryMessage(sql, message, whole, nowMs);
    }, true);
  }

  async handOver(reply: Reply): Promise<void> {
    const nowMs = this.#clock.now();
    await this.#database.write((sql) => {
      const found = sql.get<{ dead_reason: string | null }>(
        `UPDATE replies SET state = 'handed', session = ?
         WHERE activity_id = ? AND kind = ? AND generation = ? AND state <> 'undelivered'
         RETURNING dead_reason`,
        sessionOf(sql),
        reply.activityId,
        reply.kind,
        reply.generation,
      );
      const message = found === undefined ? undefined : answeredBy(sql, reply);
      if (found === undefined || message === undefined) return;
      if (found.dead_reason === null) handMessage(sql, message);
      else buryMessage(sql, message, found.dead_reason, nowMs);
    });
  }

  async takeBack(reply: Reply): Promise<void> {
    await this.#database.write((sql) => {
      sql.run(
        `UPDATE replies SET state = 'pending'
         WHERE activity_id = ? AND kind = ? AND generation = ? AND state = 'handed'`,
        reply.activityId,
        reply.kind,
        reply.generation,
      );
    }, true);
  }

  async handedOver(): Promise<Reply[]> {
    return this.#database.read(leftOpen);
  }

  async count(): Promise<number> {
    return this.#database.read((sql) => count(sql, "replies WHERE state <> 'undelivered'"));
  }

  async notices(digest: string, since: string): Promise<{ posted: number; echoes: number }> {
    return this.#database.read((sql) => ({
      posted: count(sql, "notices WHERE digest = ? AND at >= ?", digest, earlier(since)),
      echoes: count(sql, "seen WHERE notice = ? AND at >= ?", digest, since),
    }));
  }

  async peerMode(peer: string): Promise<PeerMode | undefined> {
    return this.#database.read(
      (sql) => sql.get<{ mode: PeerMode }>("SELECT mode FROM peers WHERE peer = ?", peer)?.mode,
    );
  }

  async learnPeerMode(peer: string, mode: PeerMode): Promise<void> {
    // Each answer tells it again: a look is cheaper than a commit.
    if ((await this.peerMode(peer)) === mode) return;
    await this.#database.write((sql) =>
      sql.run(
        `INSERT INTO peers (peer, mode) VALUES (?, ?)
         ON CONFLICT (peer) DO UPDATE SET mode = excluded.mode WHERE mode <> excluded.mode`,
        peer,
        mode,
      ),
    );
  }
}

function notKept({ activityId }: Reply): MoleculeError {
  return new MoleculeError(`the answer to ${activityId} is not kept any more`);
}

/** The message that the reply ends; none for a trouble, or where it is over or was revived. */
function answeredBy(sql: Sql, reply: Reply): MessageRow | undefined {
  const message = isTrouble(reply) ? undefined : findMessage(sql, reply.activityId);
  if (message === undefined || message.generation !== reply.generation) return undefined;
  return message.state === "answered" || message.state === "handed" ? message : undefined;
}

/** By how much the clocks of the platform may differ (see {@link Outbox.notices}). */
const CLOCKS_DIFFER_NS = 10_000_000_000n;

function earlier(at: string): string {
  const ns = parseTimestamp(at);
  return ns === undefined ? at : formatTimestamp(ns - CLOCKS_DIFFER_NS);
}

function count(sql: Sql, what: string, ...values: string[]): number {
  return sql.get<{ count: number }>(`SELECT count(*) AS count FROM ${what}`, ...values)?.count ?? 0;
}
