/** The journal: what was seen of the feed, and the messages that wait in it. */
import type { Clock } from "../shared/clock.ts";
import { admitRow } from "./admission.ts";
import { giveUpBelow, watermarkOf } from "./watermark.ts";
import {
  BY_ID,
  buryMessage,
  findMessage,
  openLanes,
  openMessage,
  rawOf,
  sessionOf,
  settleMessage,
} from "./messages.ts";
import { pendingInLane } from "./replies.ts";
import { OPEN } from "./schema.ts";
import type {
  Admission,
  ChildProcess,
  Head,
  Interrupted,
  Journal,
  JournalLoad,
  NewRow,
  Place,
} from "./store.ts";
import type { Transactions } from "./transactions.ts";

/** From how much on nothing more should be entered. */
export interface Room {
  /** Messages that wait and dead letters together. */
  maxMessages: number;
  /** Bytes of whole rows and answers. */
  maxBytes: number;
}

type Flag = "interrupted" | "told" | "isReply" | "isEmpty";

interface HeadRow extends Omit<Head, Flag | "reply"> {
  interrupted: number;
  told: number;
  is_reply: number;
  is_empty: number;
}

export class SqlJournal implements Journal {
  readonly #database: Transactions;
  readonly #clock: Clock;
  readonly #room: Room;

  constructor(database: Transactions, clock: Clock, room: Room) {
    this.#database = database;
    this.#clock = clock;
    this.#room = room;
  }

  async admit(rows: readonly NewRow[], anchor: Place | undefined): Promise<Admission[]> {
    const nowMs = this.#clock.now();
    return this.#database.write((sql) => {
      if (anchor !== undefined) {
        sql.run("UPDATE meta SET anchor_id = ?, anchor_at = ?", anchor.id, anchor.at);
      }
      return rows.map((row) => admitRow(sql, row, nowMs));
    }, true);
  }

  async anchor(): Promise<Place | undefined> {
    const row = await this.#database.read((sql) =>
      sql.get<{ id: string | null; at: string | null }>(
        "SELECT anchor_id AS id, anchor_at AS at FROM meta",
      ),
    );
    return row === undefined || row.id === null || row.at === null
      ? undefined
      : { id: row.id, at: row.at };
  }

  async watermark(): Promise<Place | undefined> {
    const mark = await this.#database.read(watermarkOf);
    return mark === undefined ? undefined : { id: mark.id, at: mark.at };
  }

  async handledElsewhere(cursorId: string): Promise<number> {
    return this.#database.write((sql) => giveUpBelow(sql, cursorId), true);
  }

  async known(ids: readonly string[]): Promise<Set<string>> {
    return this.#database.read(
      (sql) =>
        new Set(ids.filter((id) => sql.get("SELECT 1 FROM seen WHERE id = ?", id) !== undefined)),
    );
  }

  async kept(ids: readonly string[]): Promise<Set<string>> {
    return this.#database.read(
      (sql) => new Set(ids.filter((id) => findMessage(sql, id) !== undefined)),
    );
  }

  async load(): Promise<JournalLoad> {
    const { waiting, dead, bytes } = (await this.#database.read((sql) =>
      sql.get<{ waiting: number; dead: number; bytes: number }>("SELECT * FROM totals"),
    )) ?? { waiting: 0, dead: 0, bytes: 0 };
    const { maxMessages, maxBytes } = this.#room;
    const full = waiting + dead >= maxMessages || bytes >= maxBytes;
    return { waiting, deadLetters: dead, bytes, full };
  }

  async lanes(): Promise<string[]> {
    return this.#database.read(openLanes);
  }

  async head(lane: string): Promise<Head | undefined> {
    return this.#database.read((sql) => {
      const reply = pendingInLane(sql, lane);
      const columns = "id, attempts, crashes, generation, interrupted, told, is_reply, is_empty";
      const row =
        reply === undefined
          ? sql.get<HeadRow>(
              `SELECT ${columns} FROM messages WHERE lane = ? AND ${OPEN} ORDER BY at, n LIMIT 1`,
              lane,
            )
          : sql.get<HeadRow>(`SELECT ${columns} FROM messages WHERE ${BY_ID}`, reply.activityId);
      if (row === undefined) return undefined;
      const { interrupted, told, is_reply, is_empty, ...head } = row;
      return {
        ...head,
        interrupted: interrupted === 1,
        told: told === 1,
        isReply: is_reply === 1,
        isEmpty: is_empty === 1,
        reply,
      };
    });
  }

  async row(id: string): Promise<string> {
    return this.#database.read((sql) => rawOf(sql, id));
  }

  async begin(id: string, counts: boolean): Promise<void> {
    const nowMs = this.#clock.now();
    await this.#database.write((sql) => {
      const { n, lane } = openMessage(sql, id, ["waiting"]);
      const run = counts
        ? sql.get<{ n: number }>(
            "INSERT INTO runs (lane, at_ms) VALUES (?, ?) RETURNING n",
            lane,
            nowMs,
          )
        : undefined;
      sql.run(
        `UPDATE messages SET state = 'running', run = ?, session = ?, pid = NULL, identity = NULL
         WHERE n = ?`,
        run?.n,
        sessionOf(sql),
        n,
      );
    });
  }

  async child(id: string, { pid, identity }: ChildProcess): Promise<void> {
    await this.#database.write((sql) => {
      const { n } = openMessage(sql, id, ["running"]);
      sql.run("UPDATE messages SET pid = ?, identity = ? WHERE n = ?", pid, identity, n);
    });
  }

  again(id: string): Promise<void> {
    return this.#toWaiting(id, "attempts = attempts + 1");
  }

  async release(id: string, cut = false): Promise<void> {
    await this.#database.write((sql) => {
      const { n, run, lane } = openMessage(sql, id, ["waiting", "running"]);
      // What did not count is no turn taken, either.
      sql.run("DELETE FROM runs WHERE n = ? AND lane = ?", run, lane);
      sql.run(
        `UPDATE messages SET state = 'waiting', run = NULL, pid = NULL,
           interrupted = interrupted OR ? WHERE n = ?`,
        cut ? 1 : 0,
        n,
      );
    });
  }

  async settle(id: string): Promise<void> {
    await this.#database.write((sql) => {
      // Twice is as good as once.
      if (findMessage(sql, id) === undefined) return;
      settleMessage(sql, openMessage(sql, id));
      sql.run("DELETE FROM replies WHERE activity_id = ? AND state = 'pending'", id);
    });
  }

  async bury(id: string, reason: string): Promise<void> {
    const nowMs = this.#clock.now();
    await this.#database.write(
      (sql) => buryMessage(sql, openMessage(sql, id), reason, nowMs),
      true,
    );
  }

  async interrupted(): Promise<Interrupted[]> {
    const rows = await this.#database.read((sql) =>
      sql.all<{ id: string; pid: number | null; identity: string | null }>(
        `SELECT id, pid, identity FROM messages
         WHERE state = 'running' AND session <> ? ORDER BY at, n`,
        sessionOf(sql),
      ),
    );
    return rows.map(({ id, pid, identity }) => ({
      id,
      child: pid === null ? undefined : { pid, identity: identity ?? undefined },
    }));
  }

  recover(id: string): Promise<void> {
    return this.#toWaiting(id, "crashes = crashes + 1, interrupted = 1");
  }

  async runsSince(lane: string, sinceMs: number): Promise<number[]> {
    return this.#database.read((sql) =>
      sql
        .all<{ at_ms: number }>(
          "SELECT at_ms FROM runs WHERE lane = ? AND at_ms >= ? ORDER BY at_ms",
          lane,
          sinceMs,
        )
        .map((run) => run.at_ms),
    );
  }

  async #toWaiting(id: string, counted: string): Promise<void> {
    await this.#database.write((sql) => {
      const { n } = openMessage(sql, id, ["waiting", "running"]);
      sql.run(
        `UPDATE messages SET state = 'waiting', run = NULL, pid = NULL, ${counted} WHERE n = ?`,
        n,
      );
    });
  }
}
