/** What `claude -p --output-format stream-json` prints, read line by line as it comes. */
import { asObject, get, getArray, getNumber, getString, parseJson } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import type { RunHooks } from "../backend.ts";
import { StdoutLines } from "../process/child-output.ts";

/** Bytes of one line: far more than any answer that can be sent. */
export const LINE_MAX = 8 * 1024 * 1024;

/** What the output of a run has told, besides its text and tasks. */
export interface ClaudeOutput {
  /** The last line of type `result`. */
  readonly result: JsonObject | undefined;
  /** The model has spoken. */
  readonly spoke: boolean;
  /** It used a tool, so something may have been done. */
  readonly worked: boolean;
  /** What the program calls the failure that ended its turn: `rate_limit`, `billing_error`, … */
  readonly error: string | undefined;
  /** Its last try again, if the model's API has not answered since. */
  readonly retry: ApiRetry | undefined;
  /** When the account's limit of use ends, in seconds since 1970; only while calls are refused. */
  readonly resetsAt: number | undefined;
  /** It printed anything at all. */
  readonly printed: boolean;
  /** A line was too long to be read. */
  readonly overlong: boolean;
}

export interface ApiRetry {
  /** Undefined where there was no answer. */
  status: number | undefined;
  /** How long the program waited before it tried again; as long as the API asked for, if it did. */
  delayMs: number | undefined;
}

/** Where text and tasks go; see {@link RunHooks}. */
export type ClaudeTold = Pick<RunHooks, "onText" | "onTask">;

/**
 * Reads the output, and tells of text that is not the last and of tools that are used. Lines that are no
 * JSON are ignored. `mask` takes the secrets out of what is told.
 */
export class ClaudeStream implements ClaudeOutput {
  result: JsonObject | undefined;
  spoke = false;
  worked = false;
  error: string | undefined;
  retry: ApiRetry | undefined;
  resetsAt: number | undefined;
  printed = false;
  /** Resolves with the first line of type `result`. */
  readonly answered: Promise<void>;
  readonly #answer: () => void;
  readonly #told: ClaudeTold;
  readonly #mask: (text: string) => string;
  readonly #lines = new StdoutLines(LINE_MAX, (line) => this.#read(line), isWanted);
  /** The last text, which is the answer unless something follows it. */
  #text: string | undefined;

  constructor(told: ClaudeTold, mask: (text: string) => string) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.answered = promise;
    this.#answer = resolve;
    this.#told = told;
    this.#mask = mask;
  }

  get overlong(): boolean {
    return this.#lines.overlong;
  }

  add(chunk: Uint8Array): void {
    this.printed = true;
    this.#lines.add(chunk);
  }

  /** The last line, if it has no end. */
  end(): void {
    this.#lines.end();
  }

  #read(line: string): void {
    let message: JsonObject | undefined;
    try {
      message = asObject(parseJson(line));
    } catch {
      return;
    }
    const subtype = getString(message, "subtype");
    switch (getString(message, "type")) {
      case "assistant":
        return this.#readAssistant(message);
      case "result":
        this.result = message;
        return this.#answer();
      case "system":
        if (subtype === "api_retry") this.retry = readRetry(message);
        return;
      case "rate_limit_event": {
        const info = get(message, "rate_limit_info");
        const refused = getString(info, "status") === "rejected";
        this.resetsAt = refused ? getNumber(info, "resetsAt") : undefined;
      }
    }
  }

  #readAssistant(line: unknown): void {
    const message = get(line, "message");
    this.error = getString(line, "error");
    // The program's own words in the model's place, about an error.
    if (this.error !== undefined || getString(message, "model") === "<synthetic>") return;
    this.spoke = true;
    this.retry = undefined;
    const ofHelper = getString(line, "parent_tool_use_id") !== undefined;
    for (const block of getArray(message, "content") ?? []) {
      const type = getString(block, "type") ?? "";
      if (type.endsWith("tool_use")) {
        this.worked = true;
        if (!ofHelper) this.#tellText();
        const task = `using ${oneLine(this.#mask(getString(block, "name") ?? "a tool"), 60)}`;
        this.#told.onTask?.(task);
      } else if (type === "text" && !ofHelper) {
        this.#tellText();
        this.#text = getString(block, "text");
      }
    }
  }

  /** The text that turned out not to be the last. */
  #tellText(): void {
    const text = this.#text;
    this.#text = undefined;
    if (text !== undefined && text.trim() !== "") this.#told.onText?.(this.#mask(text));
  }
}

/** Not what tools gave, and not what came in pieces: it is long, and nobody looks at it. */
function isWanted(head: string): boolean {
  return !/^\s*\{"type":"(user|stream_event)"/.test(head);
}

function readRetry(line: unknown): ApiRetry {
  return {
    status: getNumber(line, "error_status"),
    delayMs: getNumber(line, "retry_delay_ms"),
  };
}
