/** What bridges keep on this disk, seen without changing any of it. */
import { access, constants, stat, statfs } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { codeOf, ExitCode } from "../../shared/errors.ts";
import { isAlive } from "../../shared/processes.ts";
import { inspectCursor, inspectDatabase, keptIn } from "../../store/inspection.ts";
import { pathsOf } from "../../store/local.ts";
import { whoHolds } from "../../store/lock.ts";
import { fileError } from "../../store/store-error.ts";
import { readToken } from "../../store/token-file.ts";
import {
  failed,
  failure,
  ok,
  skipped,
  together,
  warning,
  type Check,
  type Finding,
} from "./check.ts";
import { NO_WORKSPACE } from "./server-checks.ts";
import { givenUp, sharedBridge, sharedJournal } from "./shared-state.ts";

const MIB = 1024 * 1024;
/** A backlog of long messages may take this much, and more. */
const LITTLE_ROOM = 200 * MIB;
/** Beneath, not even a cursor can be saved for sure. */
const NO_ROOM = MIB;

/** File systems of a network, whose locks can't be relied on (statfs(2), sqlite.org/faq.html#q5). */
const REMOTE: Record<number, string> = {
  0x6969: "NFS",
  0x517b: "SMB",
  0xff534d42: "CIFS",
  0xfe534d42: "SMB",
  0x01021997: "9P",
  0x5346414f: "AFS",
};

const ELSEWHERE = "Choose another folder with --state-dir.";

export const folder: Check = {
  name: "state",
  title: "the state folder",
  without: "the state folder can't be used",
  deadlineMs: 4_000,
  async run({ folder: path }) {
    const found = await stat(path).catch((error: unknown) => {
      if (["ENOENT", "ENOTDIR"].includes(codeOf(error) ?? "")) return undefined;
      throw fileError(`${path} can't be looked at`, error);
    });
    if (found === undefined) return absent(path);
    if (!found.isDirectory()) return failed(`${path} is no folder`, ELSEWHERE);
    if (!(await isWritable(path))) {
      return failed(
        `${path} can't be written by this user`,
        `Give it the right to, or: ${ELSEWHERE}`,
      );
    }
    return together([contents(path), ...modes(path, found), ...(await disk(path))]);
  },
};

export const journal: Check = {
  name: "journal",
  title: "the cursor and the journal",
  needs: ["state", "store"],
  deadlineMs: 4_000,
  async run({ folder: path, workspaceId, shared }) {
    if (workspaceId === undefined) return skipped(NO_WORKSPACE);
    if (shared !== undefined) return sharedJournal(shared.workspace, path, workspaceId);
    const cursor = await inspectCursor(path, workspaceId);
    const database = inspectDatabase(path, workspaceId);
    // Rejects for one that others may write.
    await readToken(pathsOf(path, workspaceId).token);
    if (cursor === undefined && database === undefined) {
      return ok("nothing is kept of this workspace yet");
    }
    return together([
      ok(cursor?.lastSinceId === undefined ? "no message was settled yet" : "the cursor is whole"),
      ...(database === undefined ? [] : [ok(`the journal opens, ${database.unsettled} unsettled`)]),
      ...givenUp(database?.deadLetters ?? 0, workspaceId),
    ]);
  },
};

export const bridge: Check = {
  name: "bridge",
  title: "a running bridge",
  needs: ["state", "store"],
  deadlineMs: 2_000,
  async run({ folder: path, workspaceId, isHeard, shared }) {
    if (workspaceId === undefined) return skipped(NO_WORKSPACE);
    if (shared !== undefined) return sharedBridge(shared.workspace, isHeard);
    const paths = pathsOf(path, workspaceId);
    const held = await whoHolds(paths.lock, paths.holder);
    if (held !== undefined) {
      const { holder } = held;
      if (holder === undefined) return ok("one runs with this state folder");
      const here = holder.host === hostname();
      const where = here ? "here" : `on ${holder.host}`;
      const gone = here && !isAlive(holder.pid) ? ", in another container of this machine" : "";
      return ok(
        `one runs ${where}: process ${holder.pid}, since ${holder.since.replace(/\.\d+Z$/, "Z")}${gone}`,
      );
    }
    if (isHeard !== true) return ok("none runs with this state folder");
    return warning(
      "none runs with this state folder, but the platform hears from one",
      "It runs elsewhere, or with another --state-dir, or ended in the last minutes. Two at once would answer everything twice.",
    );
  },
};

/** What would be made, and whether it could be. */
async function absent(path: string): Promise<Finding> {
  for (let at = dirname(path); ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found === undefined && dirname(at) !== at) continue;
    const fits = found?.isDirectory() === true && (await isWritable(at));
    if (fits)
      return together([ok(`${path} is not there yet; a bridge makes it`), ...(await disk(at))]);
    return failed(`${path} is not there, and can't be made in ${at}`, ELSEWHERE);
  }
}

function contents(path: string): Finding {
  try {
    const ids = keptIn(path).map(({ workspaceId }) => workspaceId);
    if (ids.length === 0) return ok(`${path}, empty`);
    const shown = ids.length > 5 ? `${ids.slice(0, 5).join(", ")}, …` : ids.join(", ");
    return ok(`${path}, of ${ids.length} workspace${ids.length === 1 ? "" : "s"}: ${shown}`);
  } catch (error) {
    return failure(error);
  }
}

function modes(path: string, { mode, uid }: { mode: number; uid: number }): Finding[] {
  const us = process.getuid?.();
  if (us === undefined) return [];
  if (uid !== us) return [warning("it belongs to another user", `chown it, or: ${ELSEWHERE}`)];
  const others = mode & 0o077;
  if (others === 0) return [];
  const may = (others & 0o022) === 0 ? "read" : "write";
  return [warning(`others on this machine may ${may} in it`, `chmod 700 ${path}`)];
}

async function disk(path: string): Promise<Finding[]> {
  // Not every system tells.
  const told = await statfs(path).catch(() => undefined);
  if (told === undefined) return [];
  const { type, bavail, bsize } = told;
  const room = bavail * bsize;
  const kind = process.platform === "linux" ? REMOTE[type >>> 0] : undefined;
  const free = `${room < MIB ? "less than 1" : Math.floor(room / MIB)} MiB free`;
  const found: Finding[] = [];
  if (room < NO_ROOM) found.push(failed(free, "Make room on this disk.", ExitCode.failed));
  else if (room < LITTLE_ROOM) found.push(warning(free, "Make room on this disk."));
  else found.push(ok(free));
  if (kind !== undefined) {
    found.push(
      warning(
        `it lies on a network (${kind}), where locks can't be relied on`,
        `Two bridges could run at once, and the journal break. ${ELSEWHERE}`,
      ),
    );
  }
  return found;
}

async function isWritable(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    if (["EACCES", "EPERM", "EROFS"].includes(codeOf(error) ?? "")) return false;
    throw fileError(`${path} can't be looked at`, error);
  }
}
