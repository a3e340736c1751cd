/** The dead letters. They may be changed by two processes at once. */
import type { Clock } from "../shared/clock.ts";
import { BY_ID, findMessage, type MessageRow } from "./messages.ts";
import { putReply, readAttachments, removeReply } from "./replies.ts";
import type { Sql } from "./sql.ts";
import type { DeadLetter, DeadLetters, NewReply, Rebody } from "./store.ts";
import type { Transactions } from "./transactions.ts";

export class SqlDeadLetters implements DeadLetters {
  readonly #database: Transactions;
  readonly #clock: Clock;

  constructor(database: Transactions, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async list(): Promise<Omit<DeadLetter, "raw" | "undelivered">[]> {
    return this.#database.read((sql) =>
      sql.all(
        `SELECT id, lane, at, died_ms AS diedAt, reason, attempts, crashes FROM messages
         WHERE state = 'dead' ORDER BY at, n`,
      ),
    );
  }

  async get(id: string): Promise<DeadLetter | undefined> {
    return this.#database.read((sql) => {
      const letter = sql.get<Omit<DeadLetter, "undelivered">>(
        `SELECT id, lane, at, died_ms AS diedAt, reason, attempts, crashes, raw
         FROM messages JOIN raws USING (n) WHERE ${BY_ID} AND state = 'dead'`,
        id,
      );
      if (letter === undefined) return undefined;
      const reply = undeliveredOf(sql, id);
      const undelivered = reply === undefined ? undefined : { kind: reply.kind, body: reply.body };
      return { ...letter, undelivered };
    });
  }

  async retry(id: string, rebody: Rebody = (body) => body): Promise<boolean> {
    const nowMs = this.#clock.now();
    return this.#database.write((sql) => {
      const letter = deadMessage(sql, id);
      if (letter === undefined) return false;
      const generation = letter.generation + 1;
      const reply = undeliveredOf(sql, id);
      if (reply !== undefined) removeReply(sql, reply);
      // The word that it failed is worth nothing to one that is run again.
      const isAnswered = reply?.kind === "answer";
      sql.run(
        `UPDATE messages SET state = ?, generation = ?, attempts = 0, crashes = 0, told = 0, interrupted = 0,
           reason = NULL, died_ms = NULL WHERE n = ?`,
        isAnswered ? "answered" : "waiting",
        generation,
        letter.n,
      );
      if (isAnswered) {
        const body = rebody(reply.body, reply.kind, generation);
        const attachments = reply.attachments?.map(({ uri: _, ...file }) => file);
        const revived = { ...reply, generation, body, attachments };
        putReply(sql, revived, { at: letter.at, nowMs });
      }
      return true;
    }, true);
  }

  async drop(id: string): Promise<boolean> {
    return this.#database.write((sql) => {
      const letter = deadMessage(sql, id);
      if (letter === undefined) return false;
      sql.run("DELETE FROM messages WHERE n = ?", letter.n);
      sql.run("DELETE FROM raws WHERE n = ?", letter.n);
      sql.run("DELETE FROM replies WHERE activity_id = ? AND state = 'undelivered'", id);
      return true;
    }, true);
  }
}

function deadMessage(sql: Sql, id: string): MessageRow | undefined {
  const message = findMessage(sql, id);
  return message?.state === "dead" ? message : undefined;
}

interface UndeliveredRow extends Omit<NewReply, "digest" | "attachments"> {
  digest: string | null;
  attachments: string | null;
}

function undeliveredOf(sql: Sql, id: string): NewReply | undefined {
  const row = sql.get<UndeliveredRow>(
    `SELECT activity_id AS activityId, lane, kind, generation, body, digest, attachments FROM replies
     WHERE activity_id = ? AND state = 'undelivered' ORDER BY n DESC LIMIT 1`,
    id,
  );
  if (row === undefined) return undefined;
  return {
    ...row,
    digest: row.digest ?? undefined,
    attachments: readAttachments(row.attachments).attachments,
  };
}
