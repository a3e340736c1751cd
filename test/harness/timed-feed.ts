/**
 * The feed of a scripted platform as the real one keeps it (contract 2.3): in the order of time,
 * with the rules of either revision for cursors, ties, windows and rows that become visible late.
 */
import type { ActivityRow } from "../../src/contract/types.ts";
import { parseTimestamp } from "../../src/shared/timestamp.ts";
import type { RevisionName } from "../../src/dev/revision.ts";
import type { ScriptedPlatform } from "./scripted-platform.ts";

interface Stored {
  row: ActivityRow;
  ns: bigint;
  seq: number;
}

export class TimedFeed {
  /** Everything that can be seen, oldest first. */
  #rows: Stored[] = [];
  #seq = 0;
  readonly #revision: RevisionName;
  readonly #now: () => number;

  /** Answers the platform's feed from now on. `now` is the platform's clock. */
  constructor(
    platform: ScriptedPlatform,
    revision: RevisionName = "r2",
    now: () => number = Date.now,
  ) {
    this.#revision = revision;
    this.#now = now;
    const date = () => ({ date: new Date(now()).toUTCString() });
    platform.on("register", () => {
      const answer = { status: "registered", delivery_mode: "poll" };
      return Response.json(answer, { headers: date() });
    });
    platform.on("heartbeat", () => Response.json({ status: "ok" }, { headers: date() }));
    platform.on("activity", ({ query }) => this.#answer(query, date()));
  }

  get rows(): ActivityRow[] {
    return this.#rows.map(({ row }) => row);
  }

  add(...rows: ActivityRow[]): void {
    for (const row of rows) this.begin(row)();
  }

  /** A row has its time and its place already; it is seen once the given function is called. */
  begin(row: ActivityRow): () => void {
    const seq = ++this.#seq;
    const ns = parseTimestamp(row.created_at) ?? this.#rows.at(-1)?.ns ?? 0n;
    return () => {
      this.#rows.push({ row: this.#revision === "r2" ? { ...row, seq } : row, ns, seq });
      this.#rows.sort((a, b) => (a.ns === b.ns ? a.seq - b.seq : a.ns < b.ns ? -1 : 1));
    };
  }

  /** The platform no longer has these. */
  forget(...ids: string[]): void {
    this.#rows = this.#rows.filter(({ row }) => !ids.includes(row.id));
  }

  #answer(query: URLSearchParams, headers: { [name: string]: string }): Response {
    const limit = Number(query.get("limit"));
    const since = query.get("since_id");
    if (since === null) {
      const found = this.#rows.filter((stored) => this.#isAsked(stored, query)).reverse();
      return Response.json(
        found.slice(0, limit).map(({ row }) => row),
        { headers },
      );
    }
    const cursor = this.#rows.find(({ row }) => row.id === since);
    if (cursor === undefined) {
      return Response.json({ error: "unknown cursor" }, { status: 410, headers });
    }
    const found = this.#rows.filter((stored) => this.#isAfter(stored, cursor));
    return Response.json(
      found.slice(0, limit).map(({ row }) => row),
      { headers },
    );
  }

  #isAsked({ ns, row }: Stored, query: URLSearchParams): boolean {
    const secs = query.get("since_secs");
    const before = parseTimestamp(query.get("before_ts"));
    if (secs !== null && ns < BigInt(Math.floor(this.#now() - Number(secs) * 1000)) * 1_000_000n) {
      return false;
    }
    if (query.get("source") === "canvas" && row.source_id !== null) return false;
    return before === undefined || ns < before;
  }

  /** Revision 1 compares times only, so that it passes by the other rows of an instant (T21). */
  #isAfter({ ns, seq }: Stored, cursor: Stored): boolean {
    if (ns !== cursor.ns) return ns > cursor.ns;
    return this.#revision === "r2" && seq > cursor.seq;
  }
}
