/** Whether anything was committed to a database since an earlier look: by looks at its files alone. */
import type { BigIntStats } from "node:fs";
import { LogIndex, lookAt } from "./log-index.ts";
import { logPath } from "./open-to-read.ts";

/**
 * File systems count times in steps of up to two seconds (FAT): what was written so lately may be written
 * again without a sign.
 */
const YOUNG_MS = 2_500;

/** How the files were. What is read afterwards is at least as new. */
export interface ChangeMark {
  readonly text: string;
  /** With another mark of the same text, nothing was committed in between. */
  readonly isSure: boolean;
  /** There is a log: a bridge uses the database, or crashed. */
  readonly hasLog: boolean;
  /** A bridge has put down its name, and takes it away as it ends. */
  readonly isHeld: boolean;
}

export class ChangeMarks {
  readonly #paths: { database: string; holder: string };
  readonly #index: LogIndex;

  /** Touches nothing yet. */
  constructor(paths: { database: string; holder: string }) {
    this.#paths = paths;
    this.#index = new LogIndex(paths.database);
  }

  /** `now` in milliseconds since 1970. Undefined where there is no database; throws the system's error. */
  take(now: number): ChangeMark | undefined {
    const { database, holder } = this.#paths;
    const file = lookAt(database);
    const log = file === undefined ? undefined : lookAt(logPath(database));
    // With the log goes its index.
    if (log === undefined) this.#index.release();
    if (file === undefined) return undefined;
    const index = log === undefined ? undefined : this.#index.read();
    const isHeld = lookAt(holder) !== undefined;
    return {
      text: [signOf(file), log?.ino, index, isHeld].join("/"),
      // Without a log, nobody writes: all of it came before that went.
      isSure: log === undefined ? now - Number(file.mtimeMs) > YOUNG_MS : index !== undefined,
      hasLog: log !== undefined,
      isHeld,
    };
  }

  /** Lets go of what is gone; whether nothing is open any more. */
  release(): boolean {
    return this.#index.release();
  }
}

/** A change of rights changes the last of these. */
function signOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino}.${size}.${mtimeNs}.${ctimeNs}`;
}

/** Whether nothing was committed between the two. */
export function isUnchanged(earlier: ChangeMark | undefined, later: ChangeMark): boolean {
  return earlier?.isSure === true && earlier.text === later.text;
}
