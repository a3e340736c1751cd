/** `--backend-opt KEY=VALUE`, parsed against what the chosen backend declares. */
import { parseDuration } from "../shared/duration.ts";
import { UsageError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";
import { oneLine } from "../shared/text.ts";
import type { BackendOption, BackendType, OptionType, OptionValues } from "./backend.ts";

/**
 * The values of `given` (`KEY=VALUE` each) with the defaults of all others filled in. Throws a
 * UsageError that names the backend, the option, the value and what is allowed. No I/O.
 */
export function parseOptions(type: BackendType, given: readonly string[]): OptionValues {
  const texts = new Map<string, string>();
  for (const pair of given) {
    const [key, text] = splitPair(type, pair);
    if (optionOf(type, key) === undefined) throw unknownOption(type, key);
    if (texts.has(key)) {
      throw new UsageError(`option ${key} of the ${type.name} backend is given twice`);
    }
    texts.set(key, text);
  }
  const values: OptionValues = {};
  for (const [key, text] of texts) {
    const option = optionOf(type, key);
    if (option?.named === true) values[key] = parseValue(type, key, option, text, texts);
  }
  for (const [key, option] of Object.entries(type.options)) {
    if (option.named === true) continue;
    const text = texts.get(key) ?? option.default;
    if (text === undefined && option.required === true) {
      throw new UsageError(
        `the ${type.name} backend needs its option ${key}: ${option.summary}`,
        `add --backend-opt ${key}=VALUE`,
      );
    }
    values[key] = text === undefined ? undefined : parseValue(type, key, option, text, texts);
  }
  return values;
}

/** How an option is written: its key, and what may stand for its value. */
export function optionLabel(key: string, { type, values, named }: BackendOption): string {
  return `${key}${named === true ? ".NAME" : ""}=${values?.join("|") ?? PLACEHOLDERS[type]}`;
}

const PLACEHOLDERS: Record<OptionType, string> = {
  string: "text",
  text: "text|env:NAME",
  secret: "env:NAME",
  boolean: "true|false",
  integer: "number",
  number: "number",
  duration: "duration",
  bytes: "bytes",
  enum: "",
};

/** Bytes of `4096`, `64k` (KiB) or `1m` (MiB); undefined for anything else. */
export function parseBytes(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,15})([km]?)$/i.exec(text) ?? [];
  if (amount === undefined) return undefined;
  const factor = { "": 1, k: 1024, m: 1024 * 1024 }[unit?.toLowerCase() ?? ""] ?? 1;
  const bytes = Number(amount) * factor;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

function optionOf(type: BackendType, key: string): BackendOption | undefined {
  const named = /^([a-z_]+)\.[!-~]{1,100}$/.exec(key)?.[1];
  const option = Object.hasOwn(type.options, named ?? key) ? type.options[named ?? key] : undefined;
  return (option?.named === true) === (named !== undefined) ? option : undefined;
}

function splitPair(type: BackendType, pair: string): [string, string] {
  const at = pair.indexOf("=");
  if (at > 0) return [pair.slice(0, at), pair.slice(at + 1)];
  throw new UsageError(
    `"${oneLine(pair, 60)}" is no option of the ${type.name} backend: it must be KEY=VALUE`,
    known(type),
  );
}

function unknownOption(type: BackendType, key: string): UsageError {
  const near = nearest(key, Object.keys(type.options));
  const meant = near === undefined ? "" : `; did you mean ${near}?`;
  return new UsageError(
    `the ${type.name} backend has no option "${oneLine(key, 60)}"${meant}`,
    known(type),
  );
}

function known(type: BackendType): string {
  const keys = Object.entries(type.options).map(([key, o]) => (o.named ? `${key}.NAME` : key));
  return `its options are: ${keys.join(", ")}`;
}

function parseValue(
  type: BackendType,
  key: string,
  option: BackendOption,
  text: string,
  given: ReadonlyMap<string, string>,
): string | number | boolean {
  // `cwd=$DIR` with DIR unset is a slip of the pen, and would change what is run and where.
  if (text === "" && given.has(key)) {
    throw new UsageError(
      `option ${key} of the ${type.name} backend has no value`,
      "leave it out to have its default",
    );
  }
  const value = READ[option.type](text, option);
  if (value !== undefined) return value;
  // Perhaps it is the secret itself.
  const shown = option.type === "secret" ? "what is given" : `"${oneLine(text, 60)}"`;
  throw new UsageError(
    `option ${key} of the ${type.name} backend can't be ${shown}: it must be ${allowed(option)}`,
  );
}

const READ: Record<
  OptionType,
  (text: string, option: BackendOption) => string | number | boolean | undefined
> = {
  string: (text) => text,
  text: (text) => text,
  secret: (text) => (/^env:[A-Za-z_][A-Za-z0-9_]*$/.test(text) ? text : undefined),
  boolean: (text) =>
    text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : undefined,
  integer: (text, option) =>
    /^-?\d{1,15}$/.test(text) ? inRange(Number(text), option) : undefined,
  number: (text, option) =>
    /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? inRange(Number(text), option) : undefined,
  duration: (text) => aboveZero(parseDuration(text)),
  bytes: (text) => aboveZero(parseBytes(text)),
  enum: (text, option) => option.values?.find((value) => value === text),
};

function inRange(value: number, { min, max }: BackendOption): number | undefined {
  return value >= (min ?? -Infinity) && value <= (max ?? Infinity) ? value : undefined;
}

function aboveZero(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}

function allowed(option: BackendOption): string {
  switch (option.type) {
    case "string":
    case "text":
      return "text";
    case "secret":
      return "env:NAME, the variable that holds it: what stands on a command line can be read by others";
    case "integer":
      return `a whole number${between(option)}`;
    case "number":
      return `a number${between(option)}`;
    case "boolean":
      return "true or false";
    case "duration":
      return "a time above zero, such as 90s, 5m or 1h30m";
    case "bytes":
      return "a number of bytes above zero, such as 4096, 64k or 1m";
    case "enum":
      return (option.values ?? []).join(" or ");
  }
}

function between({ min, max }: BackendOption): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? "" : ` of at most ${max}`;
}
