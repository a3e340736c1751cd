/** What a child writes: its stdout kept up to a limit, its stderr handed on line by line. */
import type { Secrets } from "../shared/secrets.ts";
import { oneLine } from "../shared/text.ts";

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
