/** `multipart/form-data` (RFC 7578), read as it comes: a part may be larger than memory should hold. */
import { refuse } from "./answers.ts";

export interface Part {
  /** The form's field. */
  name: string | undefined;
  /** Undefined for a field that is no file. */
  filename: string | undefined;
  /** As it was sent; undefined where it was not. */
  type: string | undefined;
  /** To be read to its end before the next part. */
  data: AsyncIterable<Uint8Array>;
}

/** RFC 2046, 5.1.1. */
const MAX_BOUNDARY = 70;
const MAX_LINE_BYTES = 8 * 1024;
const MAX_HEADER_LINES = 32;

/** The boundary of a multipart form, from its content type; undefined for another type. */
export function boundaryOf(contentType: string | null): string | undefined {
  if (contentType === null || !/^multipart\/form-data\s*;/i.test(contentType)) return undefined;
  const boundary = parameter(contentType, "boundary") ?? "";
  return boundary === "" || boundary.length > MAX_BOUNDARY ? undefined : boundary;
}

/** The parts of a body, one after the other. 400 where it is not what it should be, or ends early. */
export async function* partsOf(
  body: AsyncIterator<Uint8Array>,
  boundary: string,
): AsyncGenerator<Part> {
  const scanner = new Scanner(body);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  await drained(scanner.until(delimiter));
  for (;;) {
    const rest = await scanner.line();
    if (rest.startsWith("--")) return scanner.end();
    if (rest.trim() !== "") refuse(400, "invalid multipart body: a boundary goes on");
    const headers = await readHeaders(scanner);
    const data = scanner.until(delimiter);
    const disposition = headers.get("content-disposition") ?? "";
    yield {
      name: parameter(disposition, "name"),
      filename: extended(disposition) ?? parameter(disposition, "filename"),
      type: headers.get("content-type"),
      data,
    };
    await drained(data);
  }
}

const LINE_END = "\r\n";
const EMPTY: Buffer = Buffer.alloc(0);

/** Bytes, read up to a mark. */
class Scanner {
  readonly #body: AsyncIterator<Uint8Array>;
  // The first boundary stands at the very beginning, where others have an end of line before them.
  #buffer: Buffer = Buffer.from(LINE_END);
  #ended = false;

  constructor(body: AsyncIterator<Uint8Array>) {
    this.#body = body;
  }

  /** What stands before the mark, in pieces; the mark itself is passed over. */
  async *until(mark: Buffer): AsyncGenerator<Buffer> {
    for (;;) {
      const at = this.#buffer.indexOf(mark);
      if (at >= 0) {
        const piece = this.#take(at);
        this.#take(mark.length);
        if (piece.length > 0) yield piece;
        return;
      }
      // The mark may have begun at the end of what is here.
      const sure = this.#buffer.length - mark.length + 1;
      if (sure > 0) yield this.#take(sure);
      if (!(await this.#fill())) refuse(400, "invalid multipart body: it ends early");
    }
  }

  /** A line without its end; the last one of the body need not have one. */
  async line(): Promise<string> {
    for (;;) {
      const at = this.#buffer.indexOf(LINE_END);
      if (at > MAX_LINE_BYTES || (at < 0 && this.#buffer.length > MAX_LINE_BYTES)) {
        refuse(400, "invalid multipart body: a line is too long");
      }
      if (at >= 0) return this.#take(at + 2).toString("utf8", 0, at);
      if (!(await this.#fill())) return this.#take(this.#buffer.length).toString("utf8");
    }
  }

  /** Passes over all that is left. */
  async end(): Promise<void> {
    do this.#buffer = EMPTY;
    while (await this.#fill());
  }

  #take(bytes: number): Buffer {
    const taken = this.#buffer.subarray(0, bytes);
    this.#buffer = this.#buffer.subarray(bytes);
    return taken;
  }

  async #fill(): Promise<boolean> {
    if (this.#ended) return false;
    const { done, value } = await this.#body.next();
    if (done === true) this.#ended = true;
    else this.#buffer = Buffer.concat([this.#buffer, value]);
    return !this.#ended;
  }
}

async function drained(data: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of data);
}

async function readHeaders(scanner: Scanner): Promise<Map<string, string>> {
  const headers = new Map<string, string>();
  for (let n = 0; n < MAX_HEADER_LINES; n++) {
    const line = await scanner.line();
    if (line === "") return headers;
    const colon = line.indexOf(":");
    if (colon < 0) refuse(400, "invalid multipart body: a header without a colon");
    headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  return refuse(400, "invalid multipart body: too many headers");
}

/** A parameter of a header, quoted or not. */
function parameter(header: string, name: string): string | undefined {
  for (const [, key, quoted, bare] of header.matchAll(PARAMETER)) {
    if (key?.toLowerCase() === name) return quoted?.replace(/\\(["\\])/g, "$1") ?? bare;
  }
  return undefined;
}

const PARAMETER = /;\s*([\w*]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g;

/** `filename*` (RFC 8187), which counts before the plain one. */
function extended(header: string): string | undefined {
  const encoded = /^utf-8'[\w-]*'(.*)$/i.exec(parameter(header, "filename*") ?? "")?.[1];
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
