/** `molecule config set`, `unset` and `path`. */
import { isAbsolute, resolve } from "node:path";
import type { Context } from "../../cli/command.ts";
import { placeOf } from "../../cli/config/config.ts";
import { configFor } from "../../cli/config/describe.ts";
import { setKey, unsetKey } from "../../cli/config/edit.ts";
import type { ConfigKey, ConfigKeys } from "../../cli/config/keys.ts";
import { homeOf, type Place } from "../../cli/config/places.ts";
import { isPath, readEntry } from "../../cli/config/values.ts";
import { readYaml } from "../../cli/config/yaml.ts";
import { ExitCode, MoleculeError, UsageError } from "../../shared/errors.ts";
import { tell, warn } from "../show.ts";
import type { SetValues, UnsetValues } from "./index.ts";
import { describeConfig } from "../../cli/config/describe.ts";
import {
  alone,
  readTarget,
  readTrust,
  type Standing,
  targetOf,
  trustFile,
  writeTarget,
} from "./target.ts";

/** Sets a key to one value, or to those of a list. */
export async function set({ key, value, project }: SetValues, context: Context): Promise<void> {
  const known = keyOf(key, (await configFor(context)).keys);
  if (known.flag.items !== undefined) {
    throw new UsageError(
      `${key} is a list of items, which no command can set`,
      "Write it into the file; molecule config path names it.",
    );
  }
  const place = targetOf(project, context);
  const texts = await textsFor(known, value, place, context);
  await change(place, context, (text) => setKey(text, key, known.flag, texts));
  const data = { key, value: known.flag.kind === "strings" ? texts : texts[0], file: place.path };
  await tell(context, data, `set ${key} in ${place.shown}`);
  await warnIfIdle(key, place, context);
}

/** Removes a key, also one that is no key at all. */
export async function unset({ key, project }: UnsetValues, context: Context): Promise<void> {
  const place = targetOf(project, context);
  let removed = false;
  await change(place, context, (text) => {
    const without = unsetKey(text, key);
    removed = without !== undefined;
    return without;
  });
  const what = removed ? `removed ${key} from ${place.shown}` : `${key} is not in ${place.shown}`;
  await tell(context, { key, removed, file: place.path }, what);
}

export async function path(
  { project }: Pick<UnsetValues, "project">,
  context: Context,
): Promise<void> {
  const { path: file } = targetOf(project, context);
  await tell(context, { path: file }, file);
}

function keyOf(key: string, keys: ConfigKeys): ConfigKey {
  const known = keys.get(key);
  if (known !== undefined) return known;
  const { message, hint } = keys.fault(key);
  throw new UsageError(message, hint ?? "molecule config list shows the keys.");
}

/** The texts for the file, once the flag has accepted them. */
async function textsFor(
  known: ConfigKey,
  given: readonly string[],
  place: Place,
  context: Context,
): Promise<string[]> {
  const { env, io } = context;
  const { key, flag } = known;
  if (flag.kind !== "strings" && given.length > 1) {
    throw new UsageError(`${key} takes one value`, "Put a value with spaces into quotes.");
  }
  const texts = given.map((text) => (isPath(flag) ? placed(text, place) : text));
  const value = { kind: "list", texts } as const;
  const [text = ""] = texts;
  const read = readEntry(
    { key, line: 1, value: flag.kind === "strings" ? value : { kind: "text", text } },
    (await configFor(context)).keys,
    { folder: process.cwd(), home: homeOf(env) },
    io.secrets,
  );
  if ("problem" in read) throw new UsageError(read.problem.message, read.problem.hint);
  return texts;
}

/** A path from here as one that is right in the file: only the project's file lies here, too. */
function placed(text: string, { kind }: Place): string {
  return kind === "project" || isAbsolute(text) || /^~[\\/]/.test(text) ? text : resolve(text);
}

/** Gives the new text of a file; undefined where it stays as it is. */
type Edit = (text: string) => string | undefined;

/** Writes what `edit` makes of the file. What was trusted before stays so, and so is what is new. */
async function change(place: Place, context: Context, edit: Edit): Promise<void> {
  // The lock makes a folder: not for nothing.
  if (changeOf(place, edit) !== undefined) {
    await alone(context, () => changeNow(place, context, edit));
  }
}

async function changeNow(place: Place, context: Context, edit: Edit): Promise<void> {
  const found = changeOf(place, edit);
  if (found === undefined) return;
  const { text, real, digest, changed } = found;
  const trusted =
    text === undefined
      ? place.kind === "project"
      : readTrust(context).list.of(real, digest) === "trusted";
  const written = await writeTarget(place, changed);
  if (trusted) await trustFile(written, changed, context);
}

/** What stands in the file, and what is to; undefined where that is the same. */
function changeOf(place: Place, edit: Edit): (Standing & { changed: string }) | undefined {
  const standing = readTarget(place);
  const text = standing.text ?? "";
  const yaml = readYaml(text);
  if ("problem" in yaml) {
    const { message, line, hint } = yaml.problem;
    const at = placeOf(place.shown, line);
    throw new MoleculeError(`${at}: ${message}`, { exitCode: ExitCode.usage, hint });
  }
  const changed = edit(text);
  const same = changed === undefined || changed === standing.text;
  return same ? undefined : { ...standing, changed };
}

/** Tells if what was just written does not count in this folder. */
async function warnIfIdle(key: string, { shown }: Place, context: Context): Promise<void> {
  const now = (await describeConfig(context)).values.find((one) => one.key === key);
  if (now === undefined || now.origin?.startsWith(`${shown}:`) === true) {
    if (now?.problem != null) warn(context, now.problem);
    return;
  }
  // Options go with what they are options of.
  const why =
    now.origin === null
      ? "here the options of another backend count"
      : `${now.origin} stands before it`;
  warn(context, `it does not count in this folder: ${why}`);
}
