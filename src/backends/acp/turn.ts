/** What an agent says and does for one prompt, put together to an answer. */
import { asObject, get, getString, type JsonObject } from "../../shared/json.ts";
import { clipBytes, oneLine } from "../../shared/text.ts";
import { choose, wanted, type PermissionOutcome, type Permissions } from "./permissions.ts";
import { brokenIn } from "./failure.ts";
import type { RunHooks } from "../backend.ts";

/** Bytes of an answer; a reply carries a little more. */
export const MAX_ANSWER_BYTES = 900 * 1024;

/** Characters of text that are kept beyond it, so as to mask before cutting. */
const SLACK = 8 * 1024;

/** Blocks of content beside text, and characters that they have together. */
export const MAX_BLOCKS = 20;
const MAX_BLOCK_CHARS = 32 * 1024 * 1024;

/** Refusals, and notices, that are told of for one message. */
const MAX_TOLD = 10;

/** Calls that are told apart. */
const MAX_CALLS = 10_000;

/** The updates that only work on a message brings (ACP, "Prompt Turn"). */
const WORK: ReadonlySet<string> = new Set([
  "agent_message_chunk",
  "agent_thought_chunk",
  "plan",
  "tool_call",
  "tool_call_update",
]);

export interface TurnParts {
  permissions: Permissions;
  hooks: RunHooks | undefined;
  mask(text: string): string;
  onNote(text: string): void;
}

/** Takes the updates of one prompt (ACP, "Prompt Turn"). What it can't read it passes over. */
export class Turn {
  /** It has begun to work on the message, be it in thought. */
  begun = false;
  /** It has begun to use a tool. */
  acted = false;
  /** It says that its own system has failed: what it says is no answer. */
  broken = false;
  /** It was told to end: what it asks for from now on is not granted. */
  cancelled = false;
  /** Content that is not text, in order. */
  readonly blocks: JsonObject[] = [];
  /** Blocks that were too many or too large together. */
  blocksLeftOut = 0;
  readonly #parts: TurnParts;
  /** What it said before its last call of a tool, and after. */
  readonly #earlier = new Said();
  #latest = new Said();
  readonly #calls = new Set<string>();
  readonly #noticed = new Set<string>();
  readonly #refused = new Set<string>();
  #blockChars = 0;
  #message: string | undefined;
  #task = "";

  constructor(parts: TurnParts) {
    this.#parts = parts;
  }

  update(update: unknown): void {
    const kind = getString(update, "sessionUpdate") ?? "";
    this.begun ||= WORK.has(kind);
    switch (kind) {
      case "agent_message_chunk":
        return this.#say(update);
      case "tool_call":
      case "tool_call_update":
        return this.#work(update);
      case "notice":
        return this.#pass(update);
      case "session_info_update":
        this.broken = brokenIn(update) ?? this.broken;
    }
  }

  /** Answers a `session/request_permission`. */
  permit(params: unknown): PermissionOutcome {
    const { permissions } = this.#parts;
    // ACP, "Cancellation": what is asked for during one is answered so.
    if (this.cancelled) return { outcome: "cancelled" };
    this.#work(get(params, "toolCall"));
    const outcome = choose(permissions, params);
    if (permissions === "deny") this.#tellRefusal(params);
    else if (outcome.outcome === "cancelled") {
      this.#note(
        `the agent asked to ${this.#shown(wanted(params))} and offered no way to allow it`,
      );
    }
    return outcome;
  }

  /** Says that it had to be cut where it was. Empty where it said nothing. */
  answer(): string {
    const latest = this.#latest.text.trim() === "" ? this.#earlier : this.#latest;
    const text = this.#parts.mask(latest.text.trim());
    const clipped = clipBytes(text, MAX_ANSWER_BYTES);
    if (!latest.cut && clipped === text) return text;
    return `${clipped}\n\n[cut: the agent said more than ${MAX_ANSWER_BYTES} bytes]`;
  }

  #say(update: unknown): void {
    const content = asObject(get(update, "content"));
    if (content === undefined) return;
    const text = getString(content, "text");
    if (getString(content, "type") !== "text" || text === undefined) return this.#keep(content);
    const message = getString(update, "messageId");
    // Another message of it is another paragraph.
    const next = message !== undefined && this.#message !== undefined && message !== this.#message;
    this.#message = message;
    this.#latest.add(text, next);
  }

  /** A notice is for the operator (ACP, "Session Notices"). */
  #pass(notice: unknown): void {
    const title = getString(notice, "title");
    if (title === undefined || getString(notice, "severity") === "info") return;
    if (this.#noticed.has(title) || this.#noticed.size >= MAX_TOLD) return;
    this.#noticed.add(title);
    this.#note(`the agent warns: ${oneLine(this.#parts.mask(title), 300)}`);
  }

  #keep(content: JsonObject): void {
    const { type } = content;
    if (type !== "image" && type !== "audio" && type !== "resource_link" && type !== "resource") {
      return;
    }
    this.#blockChars += lengthOf(content);
    if (this.blocks.length < MAX_BLOCKS && this.#blockChars <= MAX_BLOCK_CHARS) {
      this.blocks.push(content);
    } else this.blocksLeftOut++;
  }

  #work(call: unknown): void {
    const id = getString(call, "toolCallId");
    if (id === undefined) return;
    this.begun = true;
    this.acted = true;
    const title = getString(call, "title");
    const task = title === undefined ? "" : oneLine(this.#parts.mask(title), 100);
    if (task !== "" && task !== this.#task) {
      this.#task = task;
      this.#parts.hooks?.onTask?.(task);
    }
    // What it tells of a call later on does not part what it says.
    if (this.#calls.has(id) || this.#calls.size >= MAX_CALLS) return;
    this.#calls.add(id);
    const said = this.#latest.text.trim();
    if (said === "") return;
    this.#earlier.add(said, true);
    this.#latest = new Said();
    this.#parts.hooks?.onText?.(clipBytes(this.#parts.mask(said), MAX_ANSWER_BYTES));
  }

  #tellRefusal(params: unknown): void {
    const what = wanted(params);
    if (this.#refused.has(what) || this.#refused.size > MAX_TOLD) return;
    this.#refused.add(what);
    this.#note(
      this.#refused.size > MAX_TOLD
        ? "the agent asked for more, which was refused, too"
        : `the agent asked for leave to do this, and was refused: ${this.#shown(what)} (--backend-opt permissions=allow grants all that it asks for)`,
    );
  }

  #shown(text: string): string {
    return oneLine(this.#parts.mask(text), 120);
  }

  #note(text: string): void {
    this.#parts.onNote(text);
  }
}

/** A text that is kept up to a limit. */
class Said {
  text = "";
  cut = false;

  /** `apart`: as another paragraph, where there is one already. */
  add(text: string, apart: boolean): void {
    const more = apart && this.text !== "" ? `\n\n${text}` : text;
    const room = Math.max(0, MAX_ANSWER_BYTES + SLACK - this.text.length);
    this.cut ||= more.length > room;
    this.text += more.slice(0, room);
  }
}

/** Characters of the texts in a block. */
function lengthOf(block: JsonObject): number {
  let total = 0;
  for (const value of [...Object.values(block), ...Object.values(asObject(block.resource) ?? {})]) {
    if (typeof value === "string") total += value.length;
  }
  return total;
}
