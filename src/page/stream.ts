/** One visitor's stream of server-sent events (HTML, 9.2). */
import type { Frame } from "./wire.ts";

/** So much waits for a visitor that does not read; with more it is cut off, and may come again. */
export const MAX_WAITING_CHUNKS = 256;
export const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Frames as they go over the wire together: made once for all visitors. */
export function encodeFrames(frames: readonly Frame[]): Uint8Array {
  return encode(frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join(""));
}

/** A comment, which tells that there is still somebody. */
export function encodePing(): Uint8Array {
  return encode(": ping\n\n");
}

export class Stream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #onEnd: () => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** What the server has not asked for yet. */
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;

  /** `onEnd` is called once: when the visitor has gone, was cut off, or all is over. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.#controller = controller),
        pull: () => this.#hand(),
        cancel: () => this.#finish(),
      },
      new CountQueuingStrategy({ highWaterMark: 1 }),
    );
  }

  send(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.#waiting.push(chunk);
    this.#bytes += chunk.length;
    if ((this.#controller?.desiredSize ?? 0) > 0) this.#hand();
    // What waits is dropped: a visitor that comes again begins with how all is by then.
    else if (this.#waiting.length > MAX_WAITING_CHUNKS || this.#bytes > MAX_WAITING_BYTES) {
      this.#close();
    }
  }

  /** Ends it, once what waits is read. */
  end(): void {
    if (this.#ended) return;
    for (const chunk of this.#waiting) this.#controller?.enqueue(chunk);
    this.#close();
  }

  #hand(): void {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#bytes -= next.length;
    this.#controller?.enqueue(next);
  }

  #close(): void {
    this.#controller?.close();
    this.#finish();
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waiting = [];
    this.#onEnd();
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
