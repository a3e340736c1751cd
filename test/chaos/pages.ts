/** Which rows the bridge was shown on which page of its readings. */
import { getString, parseJson } from "../../src/shared/json.ts";
import type { Frame } from "../harness/http-frames.ts";

interface Shown {
  page: number;
  /** That page went on behind a full one: together they are no picture of one moment. */
  later: boolean;
}

export class PageLog {
  readonly #first = new Map<string, Shown>();
  #pages = 0;
  /** The rows of the last page, if it was full. */
  #full = new Set<string>();

  /** Takes an answer that reached the bridge. */
  note(request: Frame, answer: Frame): void {
    const query = /^GET \/workspaces\/[^/]+\/activity\?(\S*)/.exec(request.first)?.[1];
    if (query === undefined || !answer.first.includes(" 200 ")) return;
    const asked = new URLSearchParams(query);
    const since = asked.get("since_id");
    // A look for a notice of one's own is no reading.
    if (asked.get("source") !== null) return;
    const rows = parseJson(answer.body.toString("utf8"));
    if (!Array.isArray(rows)) return;
    const ids = rows.map((row) => getString(row, "id") ?? "");
    const page = this.#pages++;
    const later = since !== null && this.#full.has(since);
    for (const id of ids) if (!this.#first.has(id)) this.#first.set(id, { page, later });
    this.#full = new Set(ids.length >= Number(asked.get("limit")) ? ids : []);
  }

  /**
   * Whether `row` was shown before one that had come before it, and that became visible only after
   * the page on which it belongs had been read: no reader of pages can tell the order of the two.
   */
  overtook(row: string, earlier: string): boolean {
    const [shown, overtaken] = [this.#first.get(row), this.#first.get(earlier)];
    if (shown === undefined || overtaken === undefined) return false;
    return shown.later && shown.page < overtaken.page;
  }
}
