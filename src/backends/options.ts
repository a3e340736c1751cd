/** `--backend-opt KEY=VALUE`, parsed against what the chosen backend declares. */
import { parseDuration } from "../shared/duration.ts";
import { UsageError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";
import { oneLine } from "../shared/text.ts";
import type { BackendOption, BackendType, OptionValues } from "./backend.ts";

/**
 * The values of `given` (`KEY=VALUE` each) with the defaults of all others filled in. Throws a
 * UsageError that names the backend, the option, the value and what is allowed. No I/O.
 */
export function parseOptions(type: BackendType, given: readonly string[]): OptionValues {
  const texts = new Map<string, string>();
  for (const pair of given) {
    const [key, text] = splitPair(type, pair);
    if (!Object.hasOwn(type.options, key)) throw unknownOption(type, key);
    if (texts.has(key)) {
      throw new UsageError(`option ${key} of the ${type.name} backend is given twice`);
    }
    texts.set(key, text);
  }
  const values: OptionValues = {};
  for (const [key, option] of Object.entries(type.options)) {
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

/** Bytes of `4096`, `64k` (KiB) or `1m` (MiB); undefined for anything else. */
export function parseBytes(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,15})([km]?)$/i.exec(text) ?? [];
  if (amount === undefined) return undefined;
  const factor = { "": 1, k: 1024, m: 1024 * 1024 }[unit?.toLowerCase() ?? ""] ?? 1;
  const bytes = Number(amount) * factor;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
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
  return `its options are: ${Object.keys(type.options).join(", ")}`;
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
  throw new UsageError(
    `option ${key} of the ${type.name} backend can't be "${oneLine(text, 60)}": it must be ${allowed(option)}`,
  );
}

const READ: Record<
  BackendOption["type"],
  (text: string, option: BackendOption) => string | number | boolean | undefined
> = {
  string: (text) => text,
  boolean: (text) =>
    text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : undefined,
  duration: (text) => aboveZero(parseDuration(text)),
  bytes: (text) => aboveZero(parseBytes(text)),
  enum: (text, option) => option.values?.find((value) => value === text),
};

function aboveZero(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}

function allowed(option: BackendOption): string {
  switch (option.type) {
    case "string":
      return "text";
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
