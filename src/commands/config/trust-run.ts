/** `molecule config trust`: what a project's file sets is shown, and counts from then on. */
import { resolve } from "node:path";
import type { Context } from "../../cli/command.ts";
import { configFor } from "../../cli/config/describe.ts";
import { Config, type ConfigFile, type FileValue } from "../../cli/config/config.ts";
import { faultOf } from "../../cli/config/faults.ts";
import { ConfigKeys } from "../../cli/config/keys.ts";
import { loadConfig } from "../../cli/config/load.ts";
import type { Place } from "../../cli/config/places.ts";
import { judgedText, literal, literalData, literals } from "../../cli/config/shown.ts";
import { takesPairs } from "../../cli/config/values.ts";
import type { Flag } from "../../cli/flag.ts";
import { outMasked } from "../../cli/print.ts";
import { columnsOf, isTerminal } from "../../cli/terminal.ts";
import { MoleculeError, UsageError } from "../../shared/errors.ts";
import type { JsonObject } from "../../shared/json.ts";
import { realPath } from "../../shared/real-path.ts";
import { GLOBALS } from "../globals.ts";
import { note, show, tell } from "../show.ts";
import type { TrustValues } from "./index.ts";
import { PLACES } from "./places.ts";
import { trustTable } from "./trust-table.ts";
import { alone, readTrust, trustPlace, writeTarget } from "./target.ts";

/** Trusts a file as it is now, or takes that back. */
export async function run({ file, remove }: TrustValues, given: Context): Promise<void> {
  const context = asAsked(given);
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
  if (isTable) await showWhole(sets, context);
  else await showData({ file: file.real, sha256: file.digest, trusted: true, sets }, context);
  await alone(context, async () => {
    const { list, path } = readTrust(context);
    await writeTarget(trustPlace(path), list.with(file.real, file.digest ?? ""));
  });
  if (!isTable) return;
  const back = "molecule config trust --remove takes that back";
  note(context, `${place.shown} is trusted as it is now; ${back}`);
}

/** The form is the operator's to say: what a file may set for itself must not hide what it sets. */
function asAsked(context: Context): Context {
  const asked = new Map<Flag, string>([
    [GLOBALS.output, "output"],
    [GLOBALS.headers, "headers"],
  ]);
  const get = <T>(flag: Flag<T>): T => {
    const name = asked.get(flag);
    const isTold = name === undefined || ["flag", "env"].includes(context.source(name));
    return isTold ? context.get(flag) : flag.fallback;
  };
  return { ...context, get };
}

/** A key of the file, with its texts: one, or those of a list. */
interface KeyRow {
  key: string;
  value: string | readonly string[];
  line: number;
  needs_trust: boolean;
}

function keysIn(file: ConfigFile, keys: ConfigKeys, context: Context): KeyRow[] {
  return [...file.values.values()].flatMap((value) => {
    const { key, items } = value;
    const flag = keys.get(key)?.flag;
    const inner = new ConfigKeys([flag?.items?.flags ?? {}]);
    const guarded = flag?.config === "guarded";
    if (items === undefined) return [rowOf(value, key, flag, guarded, context)];
    return items.flatMap(({ values }, at) =>
      [...values.values()].map((one) =>
        rowOf(one, `${key}[${at}].${one.key}`, inner.get(one.key)?.flag, guarded, context),
      ),
    );
  });
}

function rowOf(
  { texts, line }: FileValue,
  key: string,
  flag: Flag | undefined,
  guarded: boolean,
  { io }: Context,
): KeyRow {
  const isPair = flag !== undefined && takesPairs(flag);
  const shown = texts.map((text) => judgedText(text, io.secrets, isPair));
  const value = flag?.kind === "strings" ? shown : (shown[0] ?? "");
  return { key, value, line, needs_trust: guarded };
}

async function showWhole(sets: readonly KeyRow[], context: Context): Promise<void> {
  if (sets.length === 0) return note(context, "it sets nothing");
  const rows = sets.map(({ value, ...row }) => ({
    ...row,
    text: typeof value === "string" ? literal(value) : literals(value),
  }));
  const width = isTerminal(1) ? columnsOf(1, context.env) : undefined;
  const lines = trustTable(rows, width, context.get(GLOBALS.headers));
  await context.io.out(`${lines.join("\n")}\n`);
}

/** With escapes for what could not be seen; readers of JSON and YAML take the values as they are. */
function showData(data: JsonObject, context: Context): Promise<void> {
  const { io } = context;
  const out = (text: string) => outMasked(io, literalData(text));
  return show({ ...context, io: { ...io, out, outMasked: out } }, data);
}

async function forget(place: Place, context: Context): Promise<void> {
  const real = realPath(place.path);
  const trusting = () => {
    const { list, path } = readTrust(context);
    const known = list.of(real, "") !== "untrusted";
    if (!known) throw new MoleculeError(`${place.shown} is not trusted anyway`);
    return { list, path };
  };
  trusting();
  await alone(context, async () => {
    const { list, path } = trusting();
    await writeTarget(trustPlace(path), list.without(real));
  });
  await tell(context, { file: real, trusted: false }, `${place.shown} is not trusted any more`);
}
