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
import { codeOf, messageOf } from "../../shared/errors.ts";
import type { Problem } from "./config.ts";
import type { Place } from "./places.ts";

/** A config file is some lines; what is larger is something else. In bytes. */
export const MOST_BYTES = 1024 * 1024;

/** What was found at a place: nothing, bytes, or something that is not to be read. */
export type Found =
  | { readonly exists: false }
  | { readonly exists: true; readonly real: string; readonly bytes: Buffer }
  | { readonly exists: true; readonly problem: Problem };

/** Reads a file. What is told of it holds for the very bytes, not for what stands there a moment later. */
export function readConfigFile(place: Place): Found {
  const named = place.kind === "file";
  let fd: number;
  try {
    // Without waiting for the other end of a pipe, unless the operator has named one.
    const flags = named ? 0 : (constants.O_NONBLOCK ?? 0);
    fd = openSync(place.path, constants.O_RDONLY | flags);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error) ?? "")) return { exists: false };
    return unreadable(error);
  }
  try {
    const stats = fstatSync(fd, { bigint: true });
    const problem = notAFile(stats, named) ?? (named ? undefined : strangers(place, stats));
    if (problem !== undefined) return { exists: true, problem };
    const bytes = readAll(fd);
    if (bytes === undefined) return fault("is larger than 1 MiB", "A config file is some lines.");
    return { exists: true, real: realPath(place, stats), bytes };
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

/** Up to the limit; undefined for more. */
function readAll(fd: number): Buffer | undefined {
  const buffer = Buffer.alloc(MOST_BYTES + 1);
  let length = 0;
  for (;;) {
    const got = readSync(fd, buffer, length, buffer.length - length, null);
    if (got === 0) return buffer.subarray(0, length);
    length += got;
    if (length > MOST_BYTES) return undefined;
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

function fault(message: string, hint: string): Found {
  return { exists: true, problem: problemOf(message, hint) };
}

function problemOf(message: string, hint: string): Problem {
  return { message, line: undefined, hint };
}
