/** Where config files lie. Loaded at every start, and so without any module of the runtime. */
import { codeOf } from "../../shared/errors.ts";
import type { Env } from "../command.ts";

/** Which files a program reads its config from. Paths are relative to the home, with `/`. */
export interface ConfigPlaces {
  /** The project's file: its name in the working directory. */
  readonly project: string;
  readonly user: string;
  /** The list of the projects' files that the operator has trusted. */
  readonly trusted: string;
  /** The command line that adds a file to that list. */
  readonly trustCommand: string;
}

/** `project` and `user` are looked for; `file` is the one that `--config` names in place of both. */
export type ConfigKind = "project" | "user" | "file";

/** A file that is to be looked for. */
export interface Place {
  readonly kind: ConfigKind;
  readonly path: string;
  /** As messages name it: `~/.config/molecule.yaml`. */
  readonly shown: string;
}

/** The file of `--config`, or of its variable. */
export interface NamedFile {
  readonly path: string;
  /** What named it: `--config` or the variable. */
  readonly by: string;
}

/** The files to look for, the one that counts most first. */
export function configPlaces(
  { project, user }: ConfigPlaces,
  env: Env,
  named: NamedFile | undefined,
): Place[] {
  if (named !== undefined) return [{ kind: "file", path: named.path, shown: named.path }];
  const home = homeOf(env);
  const places: Place[] = [{ kind: "project", path: project, shown: `./${project}` }];
  if (home !== undefined) {
    places.push({ kind: "user", path: `${home}/${user}`, shown: `~/${user}` });
  }
  return places;
}

/** Whether something stands there, whatever it is: a file that can't be read is to be told of. */
export async function isThere({ path }: Place): Promise<boolean> {
  try {
    // Not by node:fs, which takes 3 ms to load where this takes half of one.
    await Bun.file(path).stat();
    return true;
  } catch (error) {
    return !["ENOENT", "ENOTDIR"].includes(codeOf(error) ?? "");
  }
}

/** The operator's home as an absolute path; undefined where there is none. */
export function homeOf(env: Env): string | undefined {
  const windows = process.platform === "win32";
  const home = (windows ? env["USERPROFILE"] : env["HOME"]) || fromSystem();
  return home !== undefined && (windows || home.startsWith("/")) ? home : undefined;
}

function fromSystem(): string | undefined {
  return process.getBuiltinModule("node:os").homedir() || undefined;
}
