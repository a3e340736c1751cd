/** Bodies of requests: each within limits and a time, and all together within another. */
import { LATE, within, type Clock } from "../shared/clock.ts";
import { countValues } from "./json-values.ts";

/** What the platform itself takes at most (contract 2.4.2). */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** How long a sender may take over it. */
const SLOWEST_MS = 60_000;
/** What is held of all requests at once, until they are answered. */
const MAX_HELD_BYTES = 128 * 1024 * 1024;
/** Values in the JSON of one body: millions of small ones take gigabytes, and seconds to read. */
export const MOST_VALUES = 200_000;
/** About what one of them takes beside its text. */
const VALUE_BYTES = 64;

/** `held` bytes are given back with {@link Bodies.release}. */
export type Body = { kind: "read"; text: string; held: number } | { kind: Unread };

/** Why a body is not read. */
export type Unread = "too-large" | "too-many" | "too-slow" | "no-room" | "cut-off";

/** What is used of a stream's reader. */
interface Reader {
  read(): Promise<{ done: false; value: Uint8Array } | { done: true; value?: unknown }>;
  cancel(): Promise<void>;
}

export class Bodies {
  readonly #clock: Clock;
  readonly #maxHeld: number;
  #held = 0;

  constructor(clock: Clock, maxHeld = MAX_HELD_BYTES) {
    this.#clock = clock;
    this.#maxHeld = maxHeld;
  }

  /** Reads the body as text. Never rejects. */
  async read(request: Request): Promise<Body> {
    const length = Number(request.headers.get("content-length") ?? 0);
    if (length > MAX_BODY_BYTES) return { kind: "too-large" };
    const reader = request.body?.getReader();
    if (reader === undefined) return { kind: "read", text: "", held: 0 };
    const over = { yes: false };
    const reading = this.#read(reader, over).catch((): Body => ({ kind: "cut-off" }));
    const body = await within(this.#clock, SLOWEST_MS, reading);
    if (body !== LATE) return body;
    over.yes = true;
    void reader.cancel().catch(() => {});
    // What it still brings is nobody's any more.
    void reading.then((late) => late.kind === "read" && this.release(late.held));
    return { kind: "too-slow" };
  }

  /** The request is answered. */
  release(held: number): void {
    this.#held -= held;
  }

  async #read(reader: Reader, over: { readonly yes: boolean }): Promise<Body> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const refuse = (kind: "too-large" | "too-many" | "no-room"): Body => {
      this.release(size);
      void reader.cancel().catch(() => {});
      return { kind };
    };
    try {
      while (!over.yes) {
        const { done, value } = await reader.read();
        if (done) break;
        size += value.byteLength;
        this.#held += value.byteLength;
        if (size > MAX_BODY_BYTES) return refuse("too-large");
        if (this.#held > this.#maxHeld) return refuse("no-room");
        chunks.push(value);
      }
    } catch (error) {
      this.release(size);
      throw error;
    }
    const text = Buffer.concat(chunks).toString("utf8");
    const values = countValues(text, MOST_VALUES);
    if (values > MOST_VALUES) return refuse("too-many");
    size += values * VALUE_BYTES;
    this.#held += values * VALUE_BYTES;
    return this.#held > this.#maxHeld ? refuse("no-room") : { kind: "read", text, held: size };
  }
}
