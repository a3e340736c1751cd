/**
 * One end of a JSON-RPC 2.0 connection that carries one message a line, as the Agent Client Protocol
 * has it on stdio.
 *
 * It is not the protocol's own library: that one reads lines and keeps calls without a limit of ours,
 * checks each message against a schema that is loaded at start-up, and knows nothing of the process
 * behind the pipe, which we have to end with all that it started.
 */
import { asObject, get, parseJson } from "../../shared/json.ts";

export interface RpcError {
  code: number;
  message: string;
  data: unknown;
}

/** How a call of ours ended. `closed`: the other end is gone, and will not answer. */
export type RpcAnswer =
  { kind: "result"; value: unknown } | { kind: "error"; error: RpcError } | { kind: "closed" };

export interface RpcHandlers {
  /** What the other side asks, answered at once; undefined for a method that we don't have. */
  onRequest(method: string, params: unknown): { result: object } | undefined;
  onNotification(method: string, params: unknown): void;
}

export interface CallOptions {
  /** Hears of the answer before anything that came after it on the line is looked at. */
  onAnswer?(): void;
  /** Aborts when nobody waits any more: an answer that comes later is nobody's. */
  signal?: AbortSignal;
}

/** Calls of ours that may wait for their answers: far more than messages are run at once. */
export const MAX_PENDING = 1_000;

const METHOD_NOT_FOUND = -32601;

export class RpcPeer {
  readonly #send: (line: string) => void;
  readonly #handlers: RpcHandlers;
  readonly #onFull: () => void;
  readonly #pending = new Map<number, (answer: RpcAnswer) => void>();
  #lastId = 0;
  #closed = false;

  /**
   * `send` writes a line, to which it adds the newline; `onFull` hears that {@link MAX_PENDING} calls wait,
   * and has to end the other side. Neither must throw.
   */
  constructor(send: (line: string) => void, handlers: RpcHandlers, onFull: () => void) {
    this.#send = send;
    this.#handlers = handlers;
    this.#onFull = onFull;
  }

  /** Calls a method of the other side; never rejects. One that is given up by its signal never ends. */
  request(method: string, params: object, options: CallOptions = {}): Promise<RpcAnswer> {
    if (this.#closed) return Promise.resolve({ kind: "closed" });
    if (this.#pending.size >= MAX_PENDING) {
      this.#onFull();
      return Promise.resolve({ kind: "closed" });
    }
    const id = ++this.#lastId;
    const { promise, resolve } = Promise.withResolvers<RpcAnswer>();
    this.#pending.set(id, (answer) => {
      options.onAnswer?.();
      resolve(answer);
    });
    options.signal?.addEventListener("abort", () => this.#pending.delete(id), { once: true });
    this.#write({ id, method, params });
    return promise;
  }

  /** Calls a method whose answer nobody waits for. */
  tell(method: string, params: object): void {
    if (!this.#closed) this.#write({ id: ++this.#lastId, method, params });
  }

  notify(method: string, params: object): void {
    if (!this.#closed) this.#write({ method, params });
  }

  /** Takes a line of the other side; false where it is no message of JSON-RPC. Never throws. */
  take(line: string): boolean {
    let message: unknown;
    try {
      message = asObject(parseJson(line));
    } catch {
      return false;
    }
    const id = get(message, "id");
    const method = get(message, "method");
    const params = get(message, "params");
    if (typeof method === "string") {
      if (id === undefined) this.#handlers.onNotification(method, params);
      else this.#answer(id, method, params);
      return true;
    }
    const answer = readAnswer(message);
    if (answer === undefined) return false;
    // An answer to what was never asked, or was answered before, is nobody's.
    const settle = typeof id === "number" ? this.#pending.get(id) : undefined;
    if (settle === undefined) return true;
    this.#pending.delete(id as number);
    settle(answer);
    return true;
  }

  /** Nothing comes any more: all calls that wait end as `closed`. */
  close(): void {
    this.#closed = true;
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const settle of waiting) settle({ kind: "closed" });
  }

  #answer(id: unknown, method: string, params: unknown): void {
    // JSON-RPC 2.0, section 4: an id is a string, a number or null.
    if (typeof id !== "string" && typeof id !== "number" && id !== null) return;
    const answer = this.#handlers.onRequest(method, params);
    if (answer !== undefined) this.#write({ id, result: answer.result });
    else this.#write({ id, error: { code: METHOD_NOT_FOUND, message: "Method not found" } });
  }

  #write(message: object): void {
    this.#send(JSON.stringify({ jsonrpc: "2.0", ...message }));
  }
}

function readAnswer(message: unknown): RpcAnswer | undefined {
  const error = get(message, "error");
  if (error !== undefined && error !== null) {
    const code = get(error, "code");
    const text = get(error, "message");
    return {
      kind: "error",
      error: {
        code: typeof code === "number" ? code : 0,
        message: typeof text === "string" ? text : "",
        data: get(error, "data"),
      },
    };
  }
  const value = get(message, "result");
  return value === undefined ? undefined : { kind: "result", value };
}
