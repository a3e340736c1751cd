/** The config file that a command changes, and how it is written. */
import { chmodSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Context } from "../../cli/command.ts";
import { configPlaces, homeOf, type Place } from "../../cli/config/places.ts";
import { readConfigFile } from "../../cli/config/read-file.ts";
import { digestOf, TrustList } from "../../cli/config/trust.ts";
import { codeOf, ExitCode, MoleculeError, messageOf, UsageError } from "../../shared/errors.ts";
import { realPath } from "../../shared/real-path.ts";
import { makeFolder, writeAtomic } from "../../store/atomic-file.ts";
import { exclusively } from "../../store/exclusively.ts";
import { PLACES } from "./places.ts";

/** The file of `--config`, of `--project`, or the user's. Throws where there is no home to have one in. */
export function targetOf(project: boolean, context: Context): Place {
  const { configFile: named } = context;
  if (project && named !== undefined && context.source("config") === "flag") {
    throw new UsageError("--project and --config name two files", "Give one of them.");
  }
  const wanted = project ? "project" : named === undefined ? "user" : "file";
  const places = configPlaces(PLACES, context.env, project ? undefined : named);
  const place = places.find(({ kind }) => kind === wanted);
  if (place !== undefined) return { ...place, path: resolve(place.path) };
  throw new MoleculeError("there is no home folder to keep a config file in", {
    hint: "Set HOME, or name a file with --config.",
  });
}

/**
 * Does `work` while no other command of this user changes a config file or the list of the trusted ones. It
 * makes the folder of the lock: who finds nothing to change should not come here.
 */
export async function alone<T>({ env }: Pick<Context, "env">, work: () => Promise<T>): Promise<T> {
  const home = homeOf(env);
  if (home === undefined) return work();
  return exclusively(join(home, dirname(PLACES.trusted), "config.lock"), work);
}

/** What stands in a file: its text, and the file itself where the path is a link. */
export interface Standing {
  readonly text: string | undefined;
  readonly real: string;
  /** As the list of trusted files has it. */
  readonly digest: string;
}

/** Reads a file that is to be changed. Throws a MoleculeError where it may not be read. */
export function readTarget(place: Place): Standing {
  const found = readConfigFile(place);
  if (!found.exists) return { text: undefined, real: place.path, digest: "" };
  if ("problem" in found) {
    const { message, hint } = found.problem;
    throw new MoleculeError(`${place.shown} ${message}`, { exitCode: ExitCode.usage, hint });
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(found.bytes);
    return { text, real: found.real, digest: digestOf(found.bytes) };
  } catch {
    throw new MoleculeError(`${place.shown} is not text in UTF-8`, {
      exitCode: ExitCode.usage,
      hint: "Save it as that.",
    });
  }
}

/**
 * Writes a file whole, in a folder that is made where it is missing. A link goes on leading to it. A new
 * one is its owner's alone; of one that was there the mode stays.
 */
export async function writeTarget(place: Place, text: string): Promise<string> {
  try {
    const real = realPath(place.path);
    const mode = modeOf(real);
    await makeFolder(dirname(real));
    await writeAtomic(real, text);
    if (mode !== undefined && mode !== 0o600) chmodSync(real, mode);
    return real;
  } catch (error) {
    throw new MoleculeError(
      `${place.shown} can't be written (${codeOf(error) ?? messageOf(error)})`,
      { hint: "Check the rights to its folder, and the room on the disk.", cause: error },
    );
  }
}

/** The list of trusted files, and where it lies. Throws a MoleculeError where it can't be read. */
export function readTrust(context: Context): { list: TrustList; path: string } {
  const home = homeOf(context.env);
  if (home === undefined) {
    throw new MoleculeError("there is no home folder to keep the list of trusted files in", {
      hint: "Set HOME.",
    });
  }
  const path = `${home}/${PLACES.trusted}`;
  return { list: TrustList.read(path), path };
}

/** Trusts a file with this content. */
export async function trustFile(real: string, text: string, context: Context): Promise<void> {
  const { list, path } = readTrust(context);
  await writeTarget(trustPlace(path), list.with(real, digestOf(text)));
}

/** The list itself, as a file that is written. */
export function trustPlace(path: string): Place {
  return { kind: "user", path, shown: `~/${PLACES.trusted}` };
}

function modeOf(path: string): number | undefined {
  try {
    return statSync(path).mode & 0o777;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
