/** From what stands at a key to what its flag takes it for. */
import { isAbsolute, join } from "node:path";
import { MoleculeError } from "../../shared/errors.ts";
import type { Secrets } from "../../shared/secrets.ts";
import type { Flag } from "../flag.ts";
import { readValue } from "../value.ts";
import type { Problem } from "./config.ts";
import type { ConfigKey, ConfigKeys } from "./keys.ts";
import type { YamlEntry, YamlValue } from "./yaml.ts";

/** What paths in a file are relative to. */
export interface Grounds {
  /** The folder of the file. */
  readonly folder: string;
  /** What `~/` stands for; undefined where there is no home. */
  readonly home: string | undefined;
}

/** The texts of an entry, with paths made absolute, or what is wrong with it. */
export function readEntry(
  entry: Pick<YamlEntry, "key" | "value" | "line">,
  keys: Pick<ConfigKeys, "get" | "secrets" | "fault">,
  grounds: Grounds,
  secrets: Secrets,
): { texts: readonly string[] } | { problem: Problem } {
  const { key, value, line } = entry;
  const known = keys.get(key);
  if (known === undefined) {
    // It may be a secret under a key that is none.
    if (keys.secrets().some((one) => one.key === key) && value.kind === "text") {
      secrets.add(value.text);
    }
    return { problem: { ...keys.fault(key), line } };
  }
  const texts = textsOf(known, value);
  if (!Array.isArray(texts))
    return { problem: { message: `${key} ${texts}`, line, hint: undefined } };
  return checked(known, texts, line, grounds, secrets);
}

/** Hands each text to the flag, whose word on it is final. */
function checked(
  { key, flag }: ConfigKey,
  given: readonly string[],
  line: number,
  grounds: Grounds,
  secrets: Secrets,
): { texts: readonly string[] } | { problem: Problem } {
  const texts = given.map((text) => (isPath(flag) ? absolute(text, grounds) : text));
  try {
    for (const text of texts) readValue(flag, text, key, secrets);
  } catch (error) {
    if (!(error instanceof MoleculeError)) throw error;
    return { problem: { message: error.message, line, hint: error.hint } };
  }
  return { texts };
}

/** Whether the texts of a flag are paths, which are relative to the file that they stand in. */
export function isPath({ complete }: Flag): boolean {
  return complete === "file" || complete === "folder";
}

/** The path from the file's folder, or from the home where it begins with `~/`. */
function absolute(text: string, { folder, home }: Grounds): string {
  if (home !== undefined && /^~(?=$|[\\/])/.test(text)) return join(home, text.slice(1));
  return isAbsolute(text) ? text : join(folder, text);
}

/** The texts for the flag, or what is wrong as a phrase that follows the key. */
function textsOf({ flag }: ConfigKey, value: YamlValue): string[] | string {
  const isList = flag.kind === "strings";
  switch (value.kind) {
    case "wrong":
      return value.message;
    case "text":
      if (!isList && /[\n\t]/.test(value.text)) return "must be one line, without tabs";
      return [value.text];
    case "list":
      return isList ? [...value.texts] : "must be one value, not a list";
    case "items":
      return "holds a list or mapping within another";
    case "pairs":
      if (isList && takesPairs(flag)) return value.pairs.map(([key, text]) => `${key}=${text}`);
      return isList ? "must be a list, not a mapping" : "must be one value, not a mapping";
  }
}

/** Whether the texts of a flag have the form KEY=VALUE. */
export function takesPairs({ complete }: Flag): boolean {
  return typeof complete === "object" && "by" in complete;
}
