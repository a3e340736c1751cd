/** What a child writes: its stdout kept up to a limit, its stderr handed on line by line. */
import type { Secrets } from "../../shared/secrets.ts";
import { oneLine } from "../../shared/text.ts";

/** Characters of one line of stderr, and lines of one run, that are handed on. */
export const STDERR_LINE_MAX = 500;
export const STDERR_LINES_MAX = 200;

/** Characters of an unfinished line that are kept: more than is shown, so as to mask before cutting. */
const PENDING_MAX = 8 * 1024;

/** The first `max` bytes of a stream; the rest is counted as cut off. */
export class Stdout {
  readonly #max: number;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  truncated = false;

  constructor(max: number) {
    this.#max = max;
  }

  add(chunk: Uint8Array): void {
    const room = this.#max - this.#size;
    if (chunk.length > room) this.truncated = true;
    if (room <= 0) return;
    // A copy where it is cut: a view would keep the whole chunk in memory.
    const kept = chunk.length > room ? chunk.slice(0, room) : chunk;
    this.#chunks.push(kept);
    this.#size += kept.length;
  }

  /** As UTF-8; what is not UTF-8 becomes U+FFFD, half a character at the cut is left out. */
  text(): string {
    const bytes = Buffer.concat(this.#chunks);
    return new TextDecoder().decode(bytes, { stream: this.truncated });
  }
}

/**
 * Splits stdout into lines as they come, and keeps no more than the unfinished one. What is not UTF-8
 * becomes U+FFFD; the last line needs no end.
 */
export class StdoutLines {
  readonly #max: number;
  readonly #emit: (line: string) => void;
  readonly #wanted: (head: string) => boolean;
  #pieces: Uint8Array[] = [];
  #size = 0;
  #judged = false;
  #dropping = false;
  /** A line was longer than `max` and was left out. */
  overlong = false;

  /**
   * Hands each line of at most `max` bytes to `emit`, unless `wanted` says no to its first
   * {@link HEAD_BYTES}: such a line is left out as it comes, however long it is.
   */
  constructor(
    max: number,
    emit: (line: string) => void,
    wanted: (head: string) => boolean = () => true,
  ) {
    this.#max = max;
    this.#emit = emit;
    this.#wanted = wanted;
  }

  add(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      this.#append(chunk.subarray(start, end));
      this.end();
      start = end + 1;
    }
    // A copy: a view would keep the whole chunk in memory.
    if (start < chunk.length && !this.#dropping) this.#append(chunk.slice(start));
  }

  /** The unfinished line, if there is one. */
  end(): void {
    if (!this.#judged) this.#judge();
    const line = this.#dropping ? "" : Buffer.concat(this.#pieces).toString("utf8");
    this.#drop(false);
    this.#judged = false;
    if (line !== "") this.#emit(line);
  }

  #append(piece: Uint8Array): void {
    if (this.#dropping) return;
    this.#pieces.push(piece);
    this.#size += piece.length;
    if (!this.#judged && this.#size >= HEAD_BYTES) this.#judge();
    if (this.#size <= this.#max || this.#dropping) return;
    this.overlong = true;
    this.#drop(true);
  }

  #judge(): void {
    this.#judged = true;
    const head = Buffer.concat(this.#pieces).toString("utf8", 0, HEAD_BYTES);
    if (head !== "" && !this.#wanted(head)) this.#drop(true);
  }

  #drop(rest: boolean): void {
    this.#pieces = [];
    this.#size = 0;
    this.#dropping = rest;
  }
}

/** By how much of a line {@link StdoutLines} asks whether it is wanted. */
export const HEAD_BYTES = 64;

const LF = 10;

/** Splits stderr into printable lines without secrets; blank ones are left out. */
export class StderrLines {
  readonly #emit: (line: string) => void;
  readonly #secrets: Secrets;
  readonly #decoder = new TextDecoder();
  #pending = "";
  #lines = 0;

  constructor(emit: (line: string) => void, secrets: Secrets) {
    this.#emit = emit;
    this.#secrets = secrets;
  }

  add(chunk: Uint8Array): void {
    if (this.#lines > STDERR_LINES_MAX) return;
    // A lone return ends a line too: progress bars know no other end.
    const [first = "", ...others] = this.#decoder.decode(chunk, { stream: true }).split(/[\r\n]/);
    this.#append(first);
    for (const line of others) {
      this.#flush();
      this.#append(line);
    }
  }

  /** The last line, if it has no end. */
  end(): void {
    this.#append(this.#decoder.decode());
    this.#flush();
  }

  #append(text: string): void {
    const room = PENDING_MAX - this.#pending.length;
    if (room > 0) this.#pending += text.slice(0, room);
  }

  #flush(): void {
    const line = oneLine(this.#secrets.mask(this.#pending), STDERR_LINE_MAX);
    this.#pending = "";
    if (line === "" || this.#lines > STDERR_LINES_MAX) return;
    this.#lines++;
    if (this.#lines <= STDERR_LINES_MAX) this.#emit(line);
    else this.#emit(`(more than ${STDERR_LINES_MAX} lines in one run: the rest is not shown)`);
  }
}
