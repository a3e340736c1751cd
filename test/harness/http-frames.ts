/** HTTP/1.1 messages as they come in pieces on a connection, as far as one with Content-Length goes. */

/** One whole request or answer. */
export interface Frame {
  /** Request line or status line. */
  first: string;
  /** Up to and with the blank line. */
  head: Buffer;
  body: Buffer;
}

const BLANK_LINE = "\r\n\r\n";

export class Frames {
  #rest: Buffer = Buffer.alloc(0);

  /** Takes what came; gives the messages that are whole now. Throws where a body has no length. */
  add(bytes: Uint8Array): Frame[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const frames: Frame[] = [];
    for (let frame = this.#take(); frame !== undefined; frame = this.#take()) frames.push(frame);
    return frames;
  }

  #take(): Frame | undefined {
    const at = this.#rest.indexOf(BLANK_LINE);
    if (at < 0) return undefined;
    const start = at + BLANK_LINE.length;
    const head = this.#rest.subarray(0, start);
    const text = head.toString("latin1");
    if (/^transfer-encoding:/im.test(text)) throw new Error("a body in chunks is not understood");
    const end = start + Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
    if (this.#rest.length < end) return undefined;
    const body = this.#rest.subarray(start, end);
    this.#rest = this.#rest.subarray(end);
    return { first: text.slice(0, text.indexOf("\r\n")), head, body };
  }
}

/** An answer as bytes. */
export function answerOf(
  status: string,
  type: string,
  body: string | Uint8Array,
  headers: { [name: string]: string } = {},
): Buffer {
  const length = String(Buffer.byteLength(body));
  const all = { ...headers, "content-type": type, "content-length": length };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([
    Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join("")}\r\n`),
    Buffer.from(body),
  ]);
}
