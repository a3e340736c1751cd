/** The end of what a child wrote to its stderr: most often why it failed. */
import type { Secrets } from "../../shared/secrets.ts";
import { oneLine } from "../../shared/text.ts";

/** Lines that are shown, and the characters that they have together. */
export const TAIL_LINES = 3;
export const TAIL_MAX = 300;

/** Bytes that are kept: more than is shown, so as to mask before cutting. */
const KEPT_BYTES = 16 * 1024;

/** Keeps the last bytes of a stream, however long it is. */
export class StderrTail {
  #bytes: Uint8Array = new Uint8Array();
  #cut = false;

  add(chunk: Uint8Array): void {
    const all = Buffer.concat([this.#bytes, chunk]);
    this.#cut ||= all.length > KEPT_BYTES;
    this.#bytes = all.subarray(-KEPT_BYTES);
  }

  /**
   * The last lines that are not blank, on one printable line without secrets. Where they are too
   * long together, the earlier ones are left out. Empty where there is none.
   */
  text(secrets: Secrets): string {
    const all = new TextDecoder().decode(this.#bytes);
    // The first line has lost its start, and with it perhaps half of a secret, which no mask finds.
    const whole = this.#cut ? all.slice(all.search(/[\r\n]|$/)) : all;
    const lines = secrets
      .mask(whole)
      .split(/[\r\n]+/)
      .filter((line) => line.trim() !== "")
      .slice(-TAIL_LINES);
    let shown = "";
    for (const line of lines.reverse()) {
      const more = oneLine(line, TAIL_MAX) + (shown === "" ? "" : ` / ${shown}`);
      if (more.length > TAIL_MAX) break;
      shown = more;
    }
    return shown;
  }
}

/** A reason for the operator, with what {@link StderrTail} gives after it. */
export function withStderr(reason: string, tail: string): string {
  if (tail === "") return reason;
  return `${reason}${reason.endsWith(STDERR_ASIDE) ? "" : `; ${STDERR_ASIDE}`}: ${tail}`;
}

/** How a reason refers to the stderr of the child. */
export const STDERR_ASIDE = "see what it wrote to stderr";
