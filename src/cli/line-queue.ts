/** Lines on their way to a descriptor that may be slow, full, or read by nobody. */
import { type Clock, within } from "../shared/clock.ts";
import { codeOf, messageOf } from "../shared/errors.ts";

/** What may wait; a line that comes on top of it is dropped. */
export const MAX_LINES = 1_000;
export const MAX_BYTES = 1024 * 1024;

/** Up to so many bytes a pipe takes whole or not at all (PIPE_BUF), so that no other writer gets between. */
const BATCH_BYTES = 4096;

/** How long to wait, in milliseconds, before a full descriptor is tried again. */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;

/** How long, in milliseconds, what is written beside waits for a text to be taken away. */
const LONGEST_HIDING_MS = 1_000;

/** Back to the first column of the row, and away with what stands there. */
const ERASE_ROW = "\r\x1b[K";

const UNREAD = "nobody reads standard error";

/**
 * Writes a first part of the bytes and gives its length, at once or later. Fails with the system's
 * `code`; EAGAIN means that there is no room now.
 */
export type WriteBytes = (bytes: Uint8Array) => number | Promise<number>;

/** Lines that were dropped, and why, as the end of a sentence. */
export interface Gap {
  lines: number;
  reason: string;
}

/**
 * Hands lines on in their order, one write at a time, and never makes the caller wait. At most
 * {@link MAX_LINES} or {@link MAX_BYTES} wait; what comes on top is dropped until half of that has
 * flown off. What was dropped, or could not be written, is told in one line in its place.
 */
export class LineQueue {
  /** How a gap is told. */
  tellGap: (gap: Gap) => string = ({ lines, reason }) =>
    `... ${lines} ${lines === 1 ? "line" : "lines"} of the log ${lines === 1 ? "was" : "were"} dropped: ${reason}`;

  readonly #write: WriteBytes;
  readonly #clock: Clock;
  readonly #waiting: (string | Gap)[] = [];
  #bytes = 0;
  #busy = false;
  /** What is to stand behind the last line, and what does. */
  #tail = "";
  #shown = "";
  #hidden = false;
  /** The write in hand takes a text away. */
  #clearing = false;
  #done: Promise<void> = Promise.resolve();

  constructor(write: WriteBytes, clock: Clock) {
    this.#write = write;
    this.#clock = clock;
  }

  /** Takes a line, without its newline. Never throws. Written before this returns where that can be. */
  add(line: string): void {
    const text = `${line}\n`;
    const size = Buffer.byteLength(text);
    if (this.#hasRoom(size)) {
      this.#waiting.push(text);
      this.#bytes += size;
    } else this.#drop();
    this.#start();
  }

  /**
   * Shows a text behind the last line, in place of the one before; "" takes it away. Lines that come
   * are put above it. For a terminal only, and for a text that fits its width.
   */
  show(text: string): void {
    this.#tail = text;
    this.#start();
  }

  /** Leaves the text that is shown where it is: the terminal has gone on to a line of its own. */
  leave(): void {
    this.#tail = "";
    this.#shown = "";
  }

  /**
   * Does `work`, which writes to the same terminal by another way, while no text is shown. A terminal that
   * takes nothing holds it up for a while at most.
   */
  async hiding<T>(work: () => Promise<T>): Promise<T> {
    if (this.#shown === "" && this.#tail === "" && !this.#clearing) return work();
    this.#hidden = true;
    this.#start();
    try {
      // Where writes wait, the text is there until its end is through.
      await this.flush(LONGEST_HIDING_MS);
      return await work();
    } finally {
      this.#hidden = false;
      this.#start();
    }
  }

  /** Resolves when nothing waits any more, or after `ms`. Never rejects. */
  async flush(ms: number): Promise<void> {
    if (this.#busy) await within(this.#clock, ms, this.#done);
  }

  #start(): void {
    if (this.#busy || !this.#hasWork()) return;
    this.#busy = true;
    this.#done = this.#run();
  }

  #hasWork(): boolean {
    return this.#waiting.length > 0 || this.#shown !== this.#wanted();
  }

  #wanted(): string {
    return this.#hidden ? "" : this.#tail;
  }

  #hasRoom(size: number): boolean {
    const count = this.#waiting.length;
    // One line alone is taken, however long it is.
    if (count === 0) return true;
    // A gap at the end grows until there is some room again, or each second line would be a gap.
    const part = typeof this.#waiting[count - 1] === "string" ? 1 : 0.5;
    return count < MAX_LINES * part && this.#bytes + size <= MAX_BYTES * part;
  }

  #drop(): void {
    const last = this.#waiting.at(-1);
    if (typeof last === "object") last.lines++;
    else this.#waiting.push({ lines: 1, reason: UNREAD });
  }

  /** Without an await where the writes don't wait either: the last words of a crash get out at once. */
  async #run(): Promise<void> {
    let reason: string | undefined;
    while (this.#hasWork()) {
      const { text, lines } = this.#take();
      const written = this.#writeAll(Buffer.from(this.#between(text)));
      reason = written instanceof Promise ? await written : written;
      if (reason === undefined) continue;
      const alone = this.#waiting.length === 0;
      if (lines > 0) this.#putBack({ lines, reason });
      // To tell of the gap at once would fail in the same way: it is told before the next line.
      if (alone) break;
    }
    this.#busy = false;
    this.#clearing = false;
  }

  /** The lines in the place of the text that is shown, and behind the last of all that which is wanted. */
  #between(lines: string): string {
    this.#clearing = this.#shown !== "";
    const before = this.#clearing ? ERASE_ROW : "";
    this.#shown = this.#waiting.length === 0 ? this.#wanted() : "";
    return before + lines + this.#shown;
  }

  /** As many lines as may go out together, and how many they stand for. */
  #take(): { text: string; lines: number } {
    let text = "";
    let lines = 0;
    let count = 0;
    for (const entry of this.#waiting) {
      const next = typeof entry === "string" ? entry : `${this.tellGap(entry)}\n`;
      if (count > 0 && Buffer.byteLength(text) + Buffer.byteLength(next) > BATCH_BYTES) break;
      text += next;
      lines += typeof entry === "string" ? 1 : entry.lines;
      if (typeof entry === "string") this.#bytes -= Buffer.byteLength(entry);
      count++;
    }
    this.#waiting.splice(0, count);
    return { text, lines };
  }

  #putBack(gap: Gap): void {
    const first = this.#waiting[0];
    if (typeof first === "object") {
      first.lines += gap.lines;
      first.reason = gap.reason;
    } else this.#waiting.unshift(gap);
  }

  /** Writes all of it; gives why it failed, or undefined. At once where the writes are. */
  #writeAll(bytes: Uint8Array): string | undefined | Promise<string | undefined> {
    const first = this.#attempt(bytes);
    return first === bytes.length ? undefined : this.#writeRest(bytes, first);
  }

  /** What is left of the bytes after a first attempt. */
  async #writeRest(bytes: Uint8Array, first: Attempt | Promise<Attempt>) {
    let rest = bytes;
    let pauseMs = FIRST_PAUSE_MS;
    for (let attempt = first; ; attempt = this.#attempt(rest)) {
      const count = await attempt;
      if (typeof count === "string") return count;
      rest = rest.subarray(count);
      if (rest.length === 0) return undefined;
      if (count > 0) pauseMs = FIRST_PAUSE_MS;
      else {
        await this.#clock.sleep(pauseMs);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
  }

  #attempt(bytes: Uint8Array): Attempt | Promise<Attempt> {
    try {
      const written = this.#write(bytes);
      return typeof written === "number" ? written : written.catch(failureOf);
    } catch (error) {
      return failureOf(error);
    }
  }
}

/** How many bytes were written, or why none can be. */
type Attempt = number | string;

function failureOf(error: unknown): Attempt {
  const code = codeOf(error);
  if (code === "EAGAIN") return 0;
  if (code === "EPIPE" || code === "ECONNRESET") return UNREAD;
  return `standard error can't be written (${code ?? messageOf(error)})`;
}
