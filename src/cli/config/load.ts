/** Reads config files. Loaded only where there is one: it brings node:fs and the parser of YAML along. */
import { dirname } from "node:path";
import { MoleculeError } from "../../shared/errors.ts";
import type { Secrets } from "../../shared/secrets.ts";
import type { Cli, Env } from "../command.ts";
import type { Flags } from "../flag.ts";
import {
  Config,
  type ConfigFile,
  type FileValue,
  type Problem,
  placeOf,
  type Trust,
} from "./config.ts";
import { type ConfigKeys, keysFor } from "./keys.ts";
import { type ConfigPlaces, homeOf, type NamedFile, type Place } from "./places.ts";
import { type Found, readConfigFile } from "./read-file.ts";
import { digestOf, TrustList } from "./trust.ts";
import { readItems } from "./items.ts";
import { readEntry } from "./values.ts";
import { readYaml, type YamlEntry } from "./yaml.ts";

/** What is needed to read the files of a program. */
export interface LoadParts {
  readonly cli: Pick<Cli, "root" | "globals">;
  /** The flags of the command that it is for. */
  readonly own: Flags;
  readonly places: ConfigPlaces;
  readonly env: Env;
  readonly secrets: Secrets;
  /** What has named the one file, if anything has. */
  readonly named: NamedFile | undefined;
}

/** Reads the files. Never rejects: what is wrong with a file stands in it. */
export async function loadConfig(places: readonly Place[], parts: LoadParts): Promise<Config> {
  const read = places.map((place) => readPlace(place, parts));
  const wanted = read.flatMap(({ entries }) => entries.map(({ key }) => key));
  const keys = await keysFor(wanted, parts.cli, parts.own);
  const files = read.map(({ file, entries }) => judged(file, entries, keys, parts));
  const user = files.find(({ kind, exists }) => kind === "user" && exists);
  // In the folder of the user's file the project's is the same one.
  return new Config(
    files.filter(
      ({ kind, exists, real }) => !(kind === "project" && exists && real === user?.real),
    ),
  );
}

/** A file before its entries are judged. */
interface Read {
  readonly file: ConfigFile;
  readonly entries: readonly YamlEntry[];
}

/** What came through a pipe, which gives it but once, by what named it. */
const piped = new WeakMap<NamedFile, Found>();

function readOnce(place: Place, named: NamedFile | undefined): Found {
  const before = named === undefined ? undefined : piped.get(named);
  if (before !== undefined) return before;
  const found = readConfigFile(place);
  if (named !== undefined && found.exists && found.piped === true) piped.set(named, found);
  return found;
}

function readPlace(place: Place, parts: LoadParts): Read {
  const found = readOnce(place, parts.named);
  const project = place.kind === "project";
  const file: ConfigFile = {
    ...place,
    exists: found.exists,
    real: place.path,
    digest: undefined,
    trust: project ? "untrusted" : "own",
    values: new Map(),
    problems: [],
  };
  const refused = (problem: Problem): Read => ({
    file: { ...file, problems: [problem] },
    entries: [],
  });
  if (!found.exists) {
    return place.kind === "file" ? refused(missing(parts.named)) : { file, entries: [] };
  }
  if ("problem" in found) return refused(found.problem);
  const { real, bytes } = found;
  const digest = digestOf(bytes);
  const text = decode(bytes);
  if (text === undefined) return refused(NOT_UTF8);
  const standing = project ? trustOf(real, digest, parts) : { trust: file.trust, problems: [] };
  const yaml = readYaml(text);
  const wrong = "problem" in yaml ? [yaml.problem] : yaml.problems;
  return {
    file: { ...file, real, digest, ...standing, problems: [...standing.problems, ...wrong] },
    entries: "problem" in yaml ? [] : yaml.entries,
  };
}

const NOT_UTF8: Problem = {
  message: "is not text in UTF-8",
  line: undefined,
  hint: "Save it as that.",
};

/** The file with the values that its entries are good for. */
function judged(
  file: ConfigFile,
  entries: readonly YamlEntry[],
  keys: ConfigKeys,
  { env, secrets }: LoadParts,
): ConfigFile {
  const { kind, shown, real, trust } = file;
  const grounds = { folder: dirname(real), home: homeOf(env) };
  const values = new Map<string, FileValue>();
  const problems = [...file.problems];
  for (const entry of entries) {
    const { key, line } = entry;
    const flag = keys.get(key)?.flag;
    const doubt =
      flag?.config === "guarded" && (trust === "untrusted" || trust === "changed")
        ? trust
        : undefined;
    const at = (of: number) => ({ line: of, kind, origin: placeOf(shown, of), doubt });
    if (flag?.items !== undefined) {
      const { items, problems: wrong } = readItems(
        entry,
        flag.items,
        { keys, grounds, secrets, env },
        at,
      );
      problems.push(...wrong);
      if (!values.has(key)) values.set(key, { key, texts: [], items, ...at(line) });
      continue;
    }
    const read = readEntry(entry, keys, grounds, secrets);
    if ("problem" in read) {
      problems.push(read.problem);
      continue;
    }
    // Of a key that is there twice the first one stands, and the problem is told.
    if (!values.has(key)) values.set(key, { key, texts: read.texts, ...at(line) });
  }
  return { ...file, values, problems: problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The standing of a project's file. A list that can't be read trusts in nothing. */
function trustOf(
  real: string,
  digest: string,
  { places, env }: LoadParts,
): { trust: Trust; problems: Problem[] } {
  const home = homeOf(env);
  if (home === undefined) return { trust: "untrusted", problems: [] };
  try {
    return { trust: TrustList.read(`${home}/${places.trusted}`).of(real, digest), problems: [] };
  } catch (error) {
    if (!(error instanceof MoleculeError)) throw error;
    const problem = { message: error.message, line: undefined, hint: error.hint };
    return { trust: "untrusted", problems: [problem] };
  }
}

function missing(named: NamedFile | undefined): Problem {
  return {
    message: "there is no such file",
    line: undefined,
    hint: `${named?.by ?? "--config"} names a file that must be there.`,
  };
}
