import { rename } from "node:fs/promises";
import { type Clock, systemClock } from "./clock.ts";
import { codeOf } from "./errors.ts";

/** How long a file that others have open is waited for, in milliseconds. */
const PATIENCE_MS = 2_000;

/** The first pause before another try, in milliseconds; each further one is twice as long. */
const PAUSE_MS = 5;

/** What a test sets in place of the system. */
export interface ReplaceParts {
  windows?: boolean;
  clock?: Clock;
  rename?: (from: string, to: string) => Promise<void>;
}

/**
 * Renames a file, over the one at `to` if there is any. Rejects with the system's error; `from` then
 * stands where it was.
 *
 * Windows refuses this while anybody has one of the two open, and scanners for viruses open what has
 * just been written. They soon let go, so there it is tried again for two seconds.
 */
export async function replaceFile(
  from: string,
  to: string,
  parts: ReplaceParts = {},
): Promise<void> {
  const { windows = process.platform === "win32", clock = systemClock } = parts;
  const call = parts.rename ?? rename;
  const started = clock.monotonic();
  for (let pause = PAUSE_MS; ; pause *= 2) {
    let left: number;
    try {
      return await call(from, to);
    } catch (error) {
      const inUse = windows && IN_USE.has(codeOf(error) ?? "");
      left = PATIENCE_MS - (clock.monotonic() - started);
      if (!inUse || left <= 0) throw error;
    }
    await clock.sleep(Math.min(pause, left));
  }
}

/** A folder at `to` is told as EPERM too, and costs the two seconds. */
const IN_USE: ReadonlySet<string> = new Set(["EPERM", "EACCES", "EBUSY"]);
