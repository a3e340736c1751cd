/** A program in a pseudo-terminal of its own, as a person would see and use it. POSIX only. */
import { Bell } from "./wait.ts";

export interface TerminalSetup {
  env?: Record<string, string>;
  cwd?: string;
  columns?: number;
}

/** Ends with its program, which is killed when it is disposed of. */
export class TerminalRun implements AsyncDisposable {
  /** All that the terminal was sent, with its control sequences. */
  sent = "";
  readonly #bell = new Bell();
  readonly #child: Bun.Subprocess;
  #isClosed = false;

  constructor(argv: string[], { env = {}, cwd, columns = 80 }: TerminalSetup = {}) {
    const decoder = new TextDecoder();
    this.#child = Bun.spawn(argv, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { PATH: process.env["PATH"] ?? "", TERM: "xterm", ...env },
      // Made with the program: only then is it the one that its Ctrl-C reaches.
      terminal: {
        cols: columns,
        rows: 40,
        data: (_, bytes) => {
          this.sent += decoder.decode(bytes, { stream: true });
          this.#bell.ring();
        },
        exit: () => {
          this.#isClosed = true;
          this.#bell.ring();
        },
      },
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** What stands on the screen, row by row; the terminal is taken to be high enough for all of it. */
  get rows(): string[] {
    return rowsOf(this.sent);
  }

  /** Presses keys: `\r` is Enter, `\x03` Ctrl-C, `\x04` Ctrl-D. */
  type(keys: string): void {
    this.#child.terminal?.write(keys);
  }

  /** Resolves once the screen, or what was sent to it, is so. */
  until(condition: () => boolean, what: string): Promise<void> {
    return this.#bell.until(condition, what).catch((error: Error) => {
      throw new Error(`${error.message}; it was sent: ${JSON.stringify(this.sent)}`);
    });
  }

  /** Resolves once a row of the screen holds the text. */
  untilShows(text: string): Promise<void> {
    return this.until(() => this.rows.some((row) => row.includes(text)), `"${text}"`);
  }

  /** Its exit code, or the name of the signal that ended it, once all that it wrote is here. */
  async ended(): Promise<number | string> {
    await this.#child.exited;
    await this.until(() => this.#isClosed, "the end of the terminal");
    return this.#child.exitCode ?? this.#child.signalCode ?? "nothing";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#child.terminal?.close();
  }
}

/** The rows that a text with carriage returns, erasures and colours leaves on a screen. */
export function rowsOf(sent: string): string[] {
  const rows: string[] = [];
  let row: string[] = [];
  let at = 0;
  for (const [part] of sent.matchAll(/\x1b\[[0-9;?]*[A-Za-z]|[^]/gu)) {
    if (part === "\n") {
      rows.push(row.join(""));
      [row, at] = [[], 0];
    } else if (part === "\r") at = 0;
    else if (part === "\x1b[K") row.length = at;
    else if (!part.startsWith("\x1b")) row[at++] = part;
  }
  return [...rows, row.join("")].map((text) => text.trimEnd());
}
