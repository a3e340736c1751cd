/** Who asks in a chaos run: peers and the person at the canvas, and what they have heard. */
import type { ActivityRow } from "../../src/contract/types.ts";
import type { DevPlatform } from "../../src/dev/server.ts";
import { get, getArray, getString } from "../../src/shared/json.ts";
import type { Bell } from "../harness/wait.ts";

export interface Member {
  id: string;
  token: string;
}

/** An answer as it stands in a feed. */
export interface Heard {
  /** Id of the message that it says to answer; undefined at the canvas. */
  to: string | undefined;
  messageId: string | undefined;
  text: string;
  /** It says that there is no answer, or not yet. */
  excuse: boolean;
}

/** Messages that one of them sends before the first is answered. */
const WINDOW = 7;
/** Fewer, as each doubt about a notice takes the bridge three seconds. */
const CANVAS_WINDOW = 3;
/** So many messages are sent twice, as by a sender who heard nothing. */
const REPEATED = 0.04;
/** Newest rows that one look takes in; more than come between two looks. */
const GLANCE = 200;

/** One of those who ask; the canvas has no id. */
export class Asker {
  readonly peer: Member | undefined;
  /** The numbers asked, in their order. */
  readonly asked: number[] = [];
  readonly answered = new Set<number>();
  readonly #platform: DevPlatform;
  readonly #agent: Member;
  readonly #open = new Set<number>();

  constructor(platform: DevPlatform, agent: Member, peer: Member | undefined) {
    this.#platform = platform;
    this.#agent = agent;
    this.peer = peer;
  }

  get name(): string {
    return this.peer?.id ?? "canvas";
  }

  get waiting(): number {
    return this.#open.size;
  }

  /** Asks number after number until there is none, keeping some messages open. */
  async ask(next: () => number | undefined, bell: Bell, random: () => number): Promise<void> {
    const window = this.peer === undefined ? CANVAS_WINDOW : WINDOW;
    for (;;) {
      await bell.until(() => this.waiting < window, "an answer", 300_000);
      const n = next();
      if (n === undefined) return;
      this.asked.push(n);
      this.#open.add(n);
      await this.#send(n);
      if (random() < REPEATED) await this.#send(n);
    }
  }

  /** Looks what has come; cheap. */
  look(): void {
    for (const { text } of this.#heard(GLANCE)) {
      const n = (Number(text) - 1) / 2;
      if (this.#open.delete(n)) this.answered.add(n);
    }
  }

  /** All that has come, oldest first. */
  heard(): Heard[] {
    return this.#heard(10_000_000);
  }

  async #send(n: number): Promise<void> {
    const message = {
      role: "user",
      messageId: idOf(n),
      parts: [{ kind: "text", text: String(n) }],
    };
    const token = this.peer?.token ?? this.#platform.adminToken;
    const response = await fetch(`${this.#platform.url}/workspaces/${this.#agent.id}/a2a`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: idOf(n),
        method: "message/send",
        params: { message },
      }),
    });
    if (!response.ok) throw new Error(`asking: ${response.status} ${await response.text()}`);
  }

  #heard(limit: number): Heard[] {
    const { activities } = this.#platform.database;
    const rows = activities.read(this.peer?.id ?? this.#agent.id, {
      type: "a2a_receive",
      source: this.peer === undefined ? "canvas" : "agent",
      limit,
    });
    const read = this.peer === undefined ? readNotice : readReply;
    return rows
      .reverse()
      .map(read)
      .filter((heard) => heard !== undefined);
  }
}

export function idOf(n: number): string {
  return `chaos-${n}`;
}

/** The number that a row of the agent's feed asks about. */
export function numberIn(row: ActivityRow): number | undefined {
  const message = get(get(row.request_body, "params"), "message");
  const text = getString(getArray(message, "parts")?.[0], "text");
  return row.method === "message/send" && text !== undefined ? Number(text) : undefined;
}

function readReply(row: ActivityRow): Heard | undefined {
  const message = get(get(row.request_body, "params"), "message");
  const mark = get(get(message, "metadata"), "molecule_reply");
  return {
    to: getString(mark, "to"),
    messageId: getString(message, "messageId"),
    text: getString(getArray(message, "parts")?.[0], "text") ?? "",
    excuse: get(mark, "failed") !== undefined || get(mark, "pending") !== undefined,
  };
}

function readNotice(row: ActivityRow): Heard | undefined {
  if (row.method !== "notify") return undefined;
  const text = getString(row.response_body, "result") ?? "";
  return { to: undefined, messageId: undefined, text, excuse: !/^\d+$/.test(text) };
}
