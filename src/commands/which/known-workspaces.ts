/**
 * The workspaces that this machine has met, for the completion of their ids: in
 * `~/.config/molecule/workspaces.tsv` a line `id<TAB>name` each, the one used last first.
 *
 * Nothing depends on the file. Whatever stands in the way of it is passed over in silence, and nobody
 * waits for it longer than a moment. Only a list of the platform makes its folder: who keeps all else in
 * another place, or nothing at all, does not want it here.
 */
import { lstat, rm, stat } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import type { Env } from "../../cli/command.ts";
import { type Clock, systemClock, within } from "../../shared/clock.ts";
import { codeOf } from "../../shared/errors.ts";
import { isUuid, isWorkspaceId } from "../../shared/ids.ts";
import { getString, type JsonObject } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import { makeFolder, readIfThere, sweepTemporary, writeAtomic } from "../../store/atomic-file.ts";

/** Lines in the file; those not used for longest go first. */
export const MAX_KNOWN = 500;
/** Characters of a name. */
const MAX_NAME = 60;
/** A larger file is none that was written here, and stays as it is. */
const MAX_BYTES = 1024 * 1024;
/** How long a command waits for the file, at most. */
const PATIENCE_MS = 250;

/** A workspace as the platform tells of it, or as much of it as is known. */
export interface Met {
  readonly id: string;
  /** What it was known by stays, where this is left out. */
  readonly name?: string | undefined;
}

/** Puts workspaces to the front, the first foremost, if the folder is there. Never rejects. `env`: says whose home it is. */
export function rememberWorkspaces(
  rows: readonly Met[],
  env: Env,
  clock = systemClock,
): Promise<void> {
  return change(env, clock, (known) => [...lined(rows, known), ...known]);
}

/**
 * Takes these for all that there are, as after a list of the platform; those that were known keep their
 * order, ahead of the new ones. Makes the file's folder. Never rejects.
 */
export function replaceKnown(rows: readonly Met[], env: Env, clock = systemClock): Promise<void> {
  const edit: Edit = (known) => {
    const all = lined(rows, known);
    const names = new Map(all);
    const used = [...known.keys()].filter((id) => names.has(id));
    return [...used.map((id): Line => [id, names.get(id) ?? ""]), ...all];
  };
  return change(env, clock, edit, true);
}

/** Takes out those that are no more. Never rejects. */
export function forgetWorkspaces(
  ids: readonly string[],
  env: Env,
  clock = systemClock,
): Promise<void> {
  const gone = new Set(ids.map(spelled));
  return change(env, clock, (known) => [...known].filter(([id]) => !gone.has(id)));
}

/** So much of an id's beginning is taken for it. */
const LEAST_ID = 8;

/** Those that are known by this name, or whose id begins so. None where the file can't be read. */
export async function knownBy(name: string, env: Env): Promise<string[]> {
  const home = homeOf(env);
  if (home === undefined || !isAbsolute(home)) return [];
  const path = join(home, ".config", "molecule", "workspaces.tsv");
  const text = (await isOurs(path).catch(() => false))
    ? await readIfThere(path).catch(() => undefined)
    : undefined;
  const beginning = name.length < LEAST_ID ? undefined : name.toLowerCase();
  return [...parse(text ?? "")].flatMap(([id, known]) => {
    const begins = beginning !== undefined && id.startsWith(beginning);
    return begins || known === shown(name) ? [id] : [];
  });
}

/** What rows of the platform tell of workspaces. */
export function metIn(rows: readonly JsonObject[]): Met[] {
  return rows.flatMap((row) => {
    const id = getString(row, "id");
    return id === undefined ? [] : [{ id, name: getString(row, "name") }];
  });
}

type Line = readonly [id: string, name: string];
type Known = ReadonlyMap<string, string>;
type Edit = (known: Known) => readonly Line[];

/** One change after the other, so that none of this process undoes another. */
let last: Promise<unknown> = Promise.resolve();

async function change(env: Env, clock: Clock, edit: Edit, makes = false): Promise<void> {
  const changed = last.then(() => rewrite(homeOf(env), edit, makes)).catch(() => {});
  last = changed;
  await within(clock, PATIENCE_MS, changed);
}

async function rewrite(home: string | undefined, edit: Edit, makes: boolean): Promise<void> {
  if (home === undefined || !isAbsolute(home)) return;
  const folder = join(home, ".config", "molecule");
  const path = join(folder, "workspaces.tsv");
  if (!(await isOurs(path)) || !(await isOurFolder(folder))) return;
  const before = await readIfThere(path);
  const after = render(edit(parse(before ?? "")));
  if (after === (before ?? "")) return;
  if (after === "") return rm(path, { force: true });
  if (makes) await makeFolder(folder);
  await sweepTemporary(path);
  await writeAtomic(path, after);
}

/** As the scripts read it: theirs comes from these variables, too. */
function homeOf(env: Env): string | undefined {
  return process.platform === "win32" ? env.USERPROFILE : env.HOME;
}

/** Whether the file may be replaced: it is none yet, or a plain one of this user's. */
async function isOurs(path: string): Promise<boolean> {
  const found = await lstat(path).catch(unlessMissing);
  return found === undefined || (found.isFile() && found.size <= MAX_BYTES && isMine(found.uid));
}

/** Whether the folder is this user's, or would be made in one that is. */
async function isOurFolder(folder: string): Promise<boolean> {
  const found = await stat(folder).catch(unlessMissing);
  if (found !== undefined) return isMine(found.uid);
  const above = dirname(folder);
  return above !== folder && isOurFolder(above);
}

function isMine(uid: number): boolean {
  const us = process.getuid?.();
  return us === undefined || uid === us;
}

function unlessMissing(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT") throw error;
}

/** What the lines say, less those that nobody could have meant; of several for one id the first. */
function parse(text: string): Map<string, string> {
  const known = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [id = "", name = ""] = line.split("\t");
    if (isOffered(id) && !known.has(id)) known.set(id, shown(name));
  }
  return known;
}

function render(lines: readonly Line[]): string {
  const first = new Map<string, string>();
  for (const [id, name] of lines) if (!first.has(id)) first.set(id, name);
  return [...first]
    .slice(0, MAX_KNOWN)
    .map(([id, name]) => `${id}\t${name}\n`)
    .join("");
}

function lined(rows: readonly Met[], known: Known): Line[] {
  return rows
    .map(({ id, name }): Line => [spelled(id), name === undefined ? "" : shown(name)])
    .filter(([id]) => isOffered(id))
    .map(([id, name]) => [id, name === "" ? (known.get(id) ?? "") : name]);
}

function spelled(id: string): string {
  return isUuid(id) ? id.toLowerCase() : id;
}

/** On a command line an id that begins with a dash would be a flag. */
function isOffered(id: string): boolean {
  return isWorkspaceId(id) && !id.startsWith("-");
}

function shown(name: string): string {
  return oneLine(name, MAX_NAME);
}
