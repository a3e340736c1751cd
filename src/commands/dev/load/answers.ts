/** From the rows of the feeds to the messages that they ask or answer. */
import type { Row } from "../../../a2a/feed-row.ts";
import { readMessage } from "../../../a2a/message.ts";
import { replyMark } from "../../../a2a/reply.ts";
import { get, getString } from "../../../shared/json.ts";
import { type Answer, canvasAnswer, noticeAnswer } from "../../answers/await-answer.ts";
import { codeIn, type Code } from "./code.ts";
import type { Entry, Ledger, Place } from "./ledger.ts";

/** A question from the canvas that waits for its notice; `entry` where it is one of ours. */
interface Question {
  entry: Entry | undefined;
  code: Code | undefined;
}

export class Answers {
  readonly #ledger: Ledger;
  readonly #agentId: string;
  readonly #run: string;
  readonly #elapsed: (row: Row) => number;
  /** In the order of the feed, which is that of their answers. */
  readonly #questions: Question[] = [];
  #rows = 0;

  /** `run`: as in the codes of our texts. `elapsed`: milliseconds from the start to the row's own time. */
  constructor(ledger: Ledger, agentId: string, run: string, elapsed: (row: Row) => number) {
    this.#ledger = ledger;
    this.#agentId = agentId.toLowerCase();
    this.#run = run;
    this.#elapsed = elapsed;
  }

  /** A row of the feed of a workspace that sends: an answer to it, if it is marked as that. */
  ofPeer(row: Row): void {
    if (getString(row.raw, "source_id")?.toLowerCase() !== this.#agentId) return;
    const { metadata, messageId } = readMessage(get(row.raw, "request_body"));
    const mark = replyMark(metadata);
    const entry = this.#ledger.find(mark?.to);
    if (mark === undefined || mark.pending || entry === undefined) return;
    this.#count(entry, mark, row, messageId);
  }

  /** A row of the agent's own feed: a question, or a notice, which answers one of the canvas. */
  ofAgent(row: Row): void {
    if (getString(row.raw, "method") === "notify") return this.#notice(row);
    const { messageId, text } = readMessage(get(row.raw, "request_body"));
    const entry = this.#ledger.find(messageId);
    if (entry !== undefined) this.#ledger.ask(entry, this.#placeOf(row));
    if (messageId === undefined || get(row.raw, "source_id") !== null) return;
    const pushed = canvasAnswer(messageId)(row.raw);
    if (pushed === undefined) this.#questions.push({ entry, code: codeIn(text) });
    // One that came on the open request is counted there.
    else if (entry?.answers.length === 0) this.#count(entry, pushed, row);
  }

  #notice(row: Row): void {
    const answer = noticeAnswer(row.raw);
    if (answer === undefined || answer.pending) return;
    const code = codeIn(answer.text);
    const at = code === undefined ? 0 : this.#questions.findIndex((one) => isSame(one.code, code));
    const [asked] = at < 0 ? [] : this.#questions.splice(at, 1);
    const isOurs = code?.run === this.#run;
    // With a code it is that message's answer, and the second one where it has been answered.
    const entry = isOurs ? this.#ledger.at(code.number) : asked?.entry;
    if (entry !== undefined) this.#count(entry, answer, row);
    else if (asked === undefined && code === undefined) this.#ledger.unasked += 1;
  }

  #count(entry: Entry, { failed }: Pick<Answer, "failed">, row: Row, id?: string): void {
    const place = this.#placeOf(row);
    this.#ledger.answer(entry, { failed, atMs: this.#elapsed(row), id, place });
  }

  #placeOf({ createdAt, seq }: Row): Place {
    this.#rows += 1;
    return { at: createdAt ?? 0n, seq: seq ?? this.#rows };
  }
}

function isSame(one: Code | undefined, other: Code): boolean {
  return one?.run === other.run && one.number === other.number;
}
