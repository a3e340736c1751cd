/** An agent on a platform of the test's own, which answers as well or badly as the test says. */
import { buildReply } from "../../../src/a2a/reply.ts";
import { readMessage } from "../../../src/a2a/message.ts";
import type { Member } from "../dev/lab.ts";

/** A question as the agent finds it in its feed. */
export interface Question {
  /** From 0, in the order of the feed. */
  at: number;
  rowId: string;
  /** Undefined: the canvas. */
  peer: string | undefined;
  messageId: string;
  text: string;
}

/** What it says to a question, in this order; nothing is no answer. */
export type Manner = (question: Question) => readonly Say[];

export interface Say {
  text: string;
  /** Another one is another answer, the same one again the same answer. */
  generation?: number;
  kind?: "answer" | "failure" | "trouble";
}

/** A workspace, and the platform that it is on. */
export interface Place extends Member {
  url: string;
}

/** Answers every question once, by repeating it. */
export const echo: Manner = ({ text }) => [{ text: `echo: ${text}` }];

/** The same in bunches of so many, the last of each first. */
export class Answering implements AsyncDisposable {
  readonly questions: Question[] = [];
  readonly #place: Place;
  readonly #manner: Manner;
  readonly #bunch: number;
  readonly #over = new AbortController();
  readonly #work: Promise<void>;

  constructor(place: Place, manner: Manner = echo, bunch = 1) {
    this.#place = place;
    this.#manner = manner;
    this.#bunch = bunch;
    this.#work = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort();
    await this.#work;
  }

  async #run(): Promise<void> {
    let answered = 0;
    while (!this.#over.signal.aborted) {
      await this.#read();
      while (this.questions.length - answered >= this.#bunch) {
        const bunch = this.questions.slice(answered, answered + this.#bunch);
        answered += this.#bunch;
        for (const question of bunch.reverse()) await this.#answer(question);
      }
      await Bun.sleep(5);
    }
  }

  async #read(): Promise<void> {
    const { url, id, token } = this.#place;
    const page = await fetch(`${url}/workspaces/${id}/activity?type=a2a_receive&limit=500`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const rows = page.ok ? ((await page.json()) as any[]).reverse() : [];
    const known = new Set(this.questions.map(({ rowId }) => rowId));
    for (const row of rows) {
      if (row.method === "notify" || known.has(row.id)) continue;
      const { messageId = "", text } = readMessage(row.request_body);
      const peer = row.source_id ?? undefined;
      this.questions.push({ at: this.questions.length, rowId: row.id, peer, messageId, text });
    }
  }

  async #answer(question: Question): Promise<void> {
    const { url, id } = this.#place;
    const { peer, rowId: activityId, messageId } = question;
    const answered = { activityId, messageId, contextId: undefined, taskId: undefined };
    for (const { text, kind = "answer", generation = 0 } of this.#manner(question)) {
      if (peer === undefined) await this.#post(`${url}/workspaces/${id}/notify`, { message: text });
      else {
        const reply = buildReply(answered, text, kind, generation);
        await this.#post(`${url}/workspaces/${peer}/a2a`, reply);
      }
    }
  }

  async #post(url: string, body: unknown): Promise<void> {
    const { id, token } = this.#place;
    await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "x-workspace-id": id },
      body: JSON.stringify(body),
    });
  }
}
