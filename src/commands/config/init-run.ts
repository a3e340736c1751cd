/** `molecule init` and `molecule config init`: a first config file. */
import { lstatSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { parseOptions } from "../../backends/options.ts";
import { findBackend } from "../../backends/registry.ts";
import type { Context } from "../../cli/command.ts";
import { configFor } from "../../cli/config/describe.ts";
import { homeOf, type Place } from "../../cli/config/places.ts";
import { isPath } from "../../cli/config/values.ts";
import { codeOf, MoleculeError, UsageError } from "../../shared/errors.ts";
import { tell } from "../show.ts";
import type { InitValues } from "./init-flags.ts";
import { alone, targetOf, trustFile, writeTarget } from "./target.ts";
import { type Given, renderTemplate } from "./template.ts";

/** Writes the project's file, and trusts it. */
export async function project(values: InitValues, context: Context): Promise<void> {
  if (context.source("config") === "flag") {
    throw new UsageError(
      "molecule init writes ./molecule.yaml, so it takes no --config",
      "molecule config init --config FILE writes another file.",
    );
  }
  await write(targetOf(true, context), values, context);
}

/** Writes the user's file, or that of `--config`. */
export async function user(values: InitValues, context: Context): Promise<void> {
  await write(targetOf(false, context), values, context);
}

async function write(place: Place, values: InitValues, context: Context): Promise<void> {
  const given = await givenIn(place, context);
  if (context.source("backend") === "flag" || context.source("backendOpt") === "flag") {
    parseOptions(findBackend(values.backend), values.backendOpt);
  }
  // Before the lock, too, which makes a folder.
  refuseTaken(place, values);
  const text = renderTemplate(place, given, (await configFor(context)).keys);
  await alone(context, async () => {
    refuseTaken(place, values);
    const real = await writeTarget(place, text);
    // Without a home there is no list, and nothing in the file that would need it is of use.
    if (place.kind === "project" && homeOf(context.env) !== undefined) {
      await trustFile(real, text, context);
    }
  });
  const rest = given.size === 0 ? "; it sets nothing yet" : "";
  const data = { file: place.path, keys: [...given.keys()] };
  await tell(context, data, `wrote ${place.shown}${rest}`);
}

const NAMES = ["apiUrl", "caFile", "tokenFile", "apiTokenFile", "orgId", "backend", "backendOpt"];

/** What was given by flags, as texts for the file. */
async function givenIn(place: Place, context: Context): Promise<Given> {
  const given = new Map<string, readonly string[]>();
  for (const { key, name, flag } of (await configFor(context)).keys.all()) {
    if (!NAMES.includes(name) || context.source(name) !== "flag") continue;
    const texts = [context.get(flag)].flat().map(String);
    const stays = (text: string) => place.kind === "project" || isAbsolute(text);
    given.set(key, isPath(flag) ? texts.map((one) => (stays(one) ? one : resolve(one))) : texts);
  }
  return given;
}

function refuseTaken({ path, shown }: Place, { force }: InitValues): void {
  if (force || !isTaken(path)) return;
  throw new MoleculeError(`${shown} is there already`, {
    hint: "molecule config set changes it; --force replaces it.",
  });
}

function isTaken(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw new MoleculeError(`${path} can't be looked at (${codeOf(error)})`, { cause: error });
  }
}
