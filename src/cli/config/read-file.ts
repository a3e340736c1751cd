/** The bytes of a config file, and whether it may be believed at all. */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
} from "node:fs";
import { resolve } from "node:path";
import { systemClock } from "../../shared/clock.ts";
import { codeOf, messageOf } from "../../shared/errors.ts";
import type { Problem } from "./config.ts";
import type { Place } from "./places.ts";

/** A config file is some lines; what is larger is something else. In bytes. */
export const MOST_BYTES = 1024 * 1024;

/** What was found at a place: nothing, bytes, or something that is not to be read. */
export type Found =
  | { readonly exists: false }
  | {
      readonly exists: true;
      readonly real: string;
      readonly bytes: Buffer;
      readonly piped: boolean;
    }
  | { readonly exists: true; readonly problem: Problem; readonly piped?: boolean };

/** What writes to a pipe that the operator has named may have to get the config first. */
const PATIENCE_MS = 15_000;
const LOOK_MS = 5;

/**
 * Reads a file, or a pipe that the operator has named, for at most so many milliseconds. What is told of it holds for
 * the very bytes, not for what stands there a moment later.
 */
export function readConfigFile(place: Place, patienceMs = PATIENCE_MS): Found {
  const named = place.kind === "file";
  let fd: number;
  try {
    // Without waiting for the other end of a pipe.
    fd = openSync(place.path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error) ?? "")) return { exists: false };
    return unreadable(error);
  }
  try {
    const stats = fstatSync(fd, { bigint: true });
    const problem = notAFile(stats, named) ?? (named ? undefined : strangers(place, stats));
    if (problem !== undefined) return { exists: true, problem };
    const bytes = readAll(fd, stats.isFIFO(), patienceMs);
    if (bytes === "late") {
      const late = `had no end within ${patienceMs / 1000} s: nothing wrote the config to it`;
      return { ...fault(late, "Name a file, or a pipe that a program writes to."), piped: true };
    }
    if (bytes === undefined) return fault("is larger than 1 MiB", "A config file is some lines.");
    return { exists: true, real: realPath(place, stats), bytes, piped: stats.isFIFO() };
  } catch (error) {
    return unreadable(error);
  } finally {
    closeSync(fd);
  }
}

function notAFile(stats: BigIntStats, named: boolean): Problem | undefined {
  if (stats.isDirectory()) {
    return problemOf("is a folder", "A config file is expected there: move the folder away.");
  }
  if (named || stats.isFile()) return undefined;
  return problemOf("is not a plain file", "Move it away, or name a file with --config.");
}

/**
 * As OpenSSH does with its own config: a file that another user has made, or may change, says what that
 * user wants. A link counts for as much as whoever has made it.
 */
function strangers(place: Place, stats: BigIntStats): Problem | undefined {
  const us = process.geteuid?.();
  if (us === undefined) return undefined;
  const link = lstatSync(place.path, { bigint: true });
  const stranger = [link.uid, stats.uid].find((uid) => uid !== 0n && uid !== BigInt(us));
  if (stranger !== undefined) {
    return problemOf(
      `belongs to another user (${stranger}), and is not read`,
      "Move it away, make it yours, or name it with --config if you mean it.",
    );
  }
  // Many systems give each user a group of one, and make files writable by it.
  const group = (stats.mode & 0o020n) !== 0n && stats.gid !== BigInt(process.getegid?.() ?? -1);
  if (place.kind === "user" && ((stats.mode & 0o002n) !== 0n || group)) {
    return problemOf("can be written by others, and is not read", "chmod 600 mends it.");
  }
  return undefined;
}

/** Up to the limit; undefined for more. A pipe that nobody has written to yet looks as if it had ended. */
function readAll(fd: number, isPipe: boolean, patienceMs: number): Buffer | "late" | undefined {
  const buffer = Buffer.alloc(MOST_BYTES + 1);
  const end = systemClock.monotonic() + patienceMs;
  for (let length = 0; length <= MOST_BYTES;) {
    const got = readSome(fd, buffer, length);
    if (got === 0 && !(isPipe && length === 0)) return buffer.subarray(0, length);
    if (got !== undefined && got > 0) length += got;
    else if (systemClock.monotonic() >= end) return "late";
    else Bun.sleepSync(LOOK_MS);
  }
  return undefined;
}

/** How many bytes came; undefined where none has come yet. */
function readSome(fd: number, buffer: Buffer, at: number): number | undefined {
  try {
    return readSync(fd, buffer, at, buffer.length - at, null);
  } catch (error) {
    if (codeOf(error) === "EAGAIN") return undefined;
    throw error;
  }
}

/** The path without links, if it is still the file that was read; its own path for a pipe. */
function realPath({ path }: Place, { ino, dev }: BigIntStats): string {
  try {
    const real = realpathSync(path);
    const now = statSync(real, { bigint: true });
    if (now.ino === ino && now.dev === dev) return real;
  } catch {
    // It is a pipe, or has just been moved.
  }
  return resolve(path);
}

function unreadable(error: unknown): Found {
  return fault(
    `can't be read (${codeOf(error) ?? messageOf(error)})`,
    "Give this user the right to it, or move it away.",
  );
}

function fault(message: string, hint: string): { exists: true; problem: Problem } {
  return { exists: true, problem: problemOf(message, hint) };
}

function problemOf(message: string, hint: string): Problem {
  return { message, line: undefined, hint };
}
