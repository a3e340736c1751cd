/** `molecule config trust`: what a project's file sets is shown, and counts from then on. */
import { resolve } from "node:path";
import type { Context } from "../../cli/command.ts";
import { configFor } from "../../cli/config/describe.ts";
import { Config, type ConfigFile } from "../../cli/config/config.ts";
import { faultOf } from "../../cli/config/faults.ts";
import type { ConfigKeys } from "../../cli/config/keys.ts";
import { loadConfig } from "../../cli/config/load.ts";
import type { Place } from "../../cli/config/places.ts";
import { shownText } from "../../cli/config/shown.ts";
import type { Column } from "../../cli/print.ts";
import { MoleculeError, UsageError } from "../../shared/errors.ts";
import { GLOBALS } from "../globals.ts";
import { note } from "../note.ts";
import { show } from "../show.ts";
import { tell } from "../tell.ts";
import type { TrustValues } from "./index.ts";
import { PLACES } from "./places.ts";
import { readTrust, realPath, trustPlace, writeTarget } from "./target.ts";

/** Trusts a file as it is now, or takes that back. */
export async function run({ file, remove }: TrustValues, context: Context): Promise<void> {
  const place: Place = {
    kind: "project",
    path: resolve(file ?? PLACES.project),
    shown: file ?? `./${PLACES.project}`,
  };
  await (remove ? forget(place, context) : trust(place, context));
}

async function trust(place: Place, context: Context): Promise<void> {
  const { cli, env, io } = context;
  const parts = { cli, own: {}, env, places: PLACES, secrets: io.secrets, named: undefined };
  const {
    files: [file],
  } = await loadConfig([place], parts);
  if (file?.exists !== true) {
    throw new UsageError(`there is no file ${place.shown}`, "molecule init makes one.");
  }
  const fault = faultOf(new Config([file]));
  if (fault !== undefined) throw fault;
  const { keys } = await configFor(context);
  const sets = keysIn(file, keys, context);
  const isTable = context.get(GLOBALS.output) === "table";
  // First, so that nobody trusts in what they could not see.
  if (isTable) await show(context, sets, COLUMNS, { empty: "it sets nothing" });
  const { list, path } = readTrust(context);
  await writeTarget(trustPlace(path), list.with(file.real, file.digest ?? ""));
  if (!isTable) {
    return show(context, { file: file.real, sha256: file.digest, trusted: true, sets });
  }
  const back = "molecule config trust --remove takes that back";
  note(context, `${place.shown} is trusted as it is now; ${back}`);
}

interface KeyRow {
  key: string;
  value: string;
  line: number;
  needs_trust: boolean;
}

const COLUMNS: readonly Column<KeyRow>[] = [
  { title: "key", of: ({ key }) => key },
  { title: "value", of: ({ value }) => value },
  { title: "line", of: ({ line }) => line },
  { title: "needs trust", of: ({ needs_trust }) => (needs_trust ? "yes" : "no") },
];

function keysIn(file: ConfigFile, keys: ConfigKeys, { io }: Context): KeyRow[] {
  return [...file.values.values()].map(({ key, texts, line }) => ({
    key,
    value: texts.map((text) => shownText(text, io.secrets)).join(" "),
    line,
    needs_trust: keys.get(key)?.flag.config === "guarded",
  }));
}

async function forget(place: Place, context: Context): Promise<void> {
  const { list, path } = readTrust(context);
  const real = realPath(place.path);
  const known = list.of(real, "") !== "untrusted";
  if (!known) throw new MoleculeError(`${place.shown} is not trusted anyway`);
  await writeTarget(trustPlace(path), list.without(real));
  await tell(context, { file: real, trusted: false }, `${place.shown} is not trusted any more`);
}
