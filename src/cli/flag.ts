import type { BooleanArgDef, EnumArgDef, StringArgDef } from "citty";
import { parseDuration } from "../shared/duration.ts";
import type { Offer } from "./completion/offer.ts";

/**
 * Declares a flag: from this one record come its parsing, its help, its variable, completion and
 * the reference page. The type of its value follows from the record.
 */
export function flag<const S extends FlagSpec>(spec: S): Flag<ValueOf<S>> {
  const { type: kind, summary, env, short, placeholder, secret = false, check, complete } = spec;
  const { config, advanced = false, namesSecret } = spec;
  if (short !== undefined && !/^[a-gi-zA-Z]$/.test(short)) {
    throw new Error(`a short flag is one letter other than h, not "${short}"`);
  }
  if (secret && "default" in spec) throw new Error("a secret can't have a default");
  if (secret && config !== undefined) throw new Error("a secret can't stand in a config file");
  return {
    kind,
    type: kind === "boolean" || kind === "enum" ? kind : "string",
    description: summary,
    secret,
    advanced,
    ...fallback(spec),
    ...range(spec),
    ...(kind === "boolean" ? {} : { valueHint: placeholder ?? PLACEHOLDERS[kind] }),
    ...(kind === "enum" ? { options: [...spec.values] } : {}),
    ...(env === undefined ? {} : { env }),
    ...(short === undefined ? {} : { alias: short }),
    ...(complete === undefined ? {} : { complete }),
    ...(config === undefined ? {} : { config }),
    ...(namesSecret === undefined ? {} : { namesSecret }),
    // The check belongs to the kind, and only ever sees values of that kind.
    ...(check === undefined ? {} : { check: check as (value: unknown) => string | undefined }),
  };
}

interface Common<V> {
  /** One phrase for the help, without a full stop. */
  summary: string;
  /** The variable that is read when the flag is not given. */
  env?: string;
  /** One letter. `h` is taken by help. */
  short?: string;
  /** What stands for the value in the help. */
  placeholder?: string;
  /** Never shown, neither in errors nor in help, and masked in all output. */
  secret?: boolean;
  /** What is wrong with a value, as a phrase that follows the flag's name ("must be ..."). */
  check?: (value: V) => string | undefined;
  /** What a shell offers for the value. An enum's values need not be said again. */
  complete?: Offer;
  /** Whether config files may set it, under its name with underscores. */
  config?: ConfigUse;
  /** Few need it: help shows it only when asked for all. */
  advanced?: boolean;
  /** The value is the name of a variable, and what that holds is a secret. */
  namesSecret?: boolean;
}

/**
 * `free`: any config file may set it, as it only says what things look like. `guarded`: it says where secrets go, what
 * is run, who may ask, or how much and how often, so that a project's file may set it only once the operator has
 * trusted that file.
 */
export type ConfigUse = "free" | "guarded";

/** What an author writes. Durations are in Go's form (`30s`, `1h30m`); their value is in ms. */
export type FlagSpec =
  | ({ type: "string"; default?: string } & Common<string>)
  | ({ type: "boolean"; default?: boolean } & Common<boolean>)
  | ({ type: "integer"; default?: number; min?: number; max?: number } & Common<number>)
  | ({ type: "duration"; default?: string; min?: string; max?: string } & Common<number>)
  | ({ type: "enum"; values: readonly string[]; default?: string } & Common<string>)
  | ({ type: "strings" } & Omit<Common<string>, "env"> & { env?: never });

/** `items`: of {@link list}, which no command line has. */
export type FlagKind = FlagSpec["type"] | "items";

type ValueOf<S extends FlagSpec> = S extends { type: "boolean" }
  ? boolean
  : S extends { type: "strings" }
    ? string[]
    : BaseOf<S> | (S extends { default: string | number } ? never : undefined);

type BaseOf<S extends FlagSpec> = S extends { type: "enum" }
  ? S["values"][number]
  : S extends { type: "integer" | "duration" }
    ? number
    : string;

/** A bound of a number, and its text for help and errors. */
export interface Bound {
  readonly value: number;
  readonly text: string;
}

/**
 * A declared flag with values of type T: a definition of citty's (`type`, `description`, `alias`,
 * `valueHint`, `options`) with what citty has no word for.
 */
export type Flag<T = unknown> = (StringArgDef | BooleanArgDef | EnumArgDef) & {
  readonly type: "string" | "boolean" | "enum";
  readonly description: string;
  readonly alias?: string;
  readonly valueHint?: string;
  readonly options?: string[];
  readonly kind: FlagKind;
  readonly secret: boolean;
  readonly advanced: boolean;
  readonly config?: ConfigUse;
  readonly namesSecret?: boolean;
  readonly items?: Items;
  readonly env?: string;
  /** The value when neither the command line nor the environment has one. */
  readonly fallback: T;
  /** The declared default as the help shows it. */
  readonly defaultText?: string;
  readonly min?: Bound;
  readonly max?: Bound;
  readonly check?: (value: unknown) => string | undefined;
  readonly complete?: Offer;
};

/** What each item of a list may set. */
export interface Items {
  /** The name of the value that every item has, and no two have the same. */
  readonly key: string;
  readonly flags: Flags;
}

/** Flags by the name of their value: `maxAttempts` is `--max-attempts`. */
export type Flags = Record<string, Flag>;

/** The name on the command line of the value `key`: words in small letters with dashes. */
export function kebab(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const PLACEHOLDERS: Record<FlagKind, string> = {
  string: "text",
  boolean: "",
  integer: "n",
  duration: "duration",
  enum: "name",
  strings: "text",
  items: "list",
};

function fallback<S extends FlagSpec>(spec: S): { fallback: ValueOf<S>; defaultText?: string } {
  // The one place where a value meets the type that the declaration promises.
  const as = (value: unknown) => ({ fallback: value as ValueOf<S> });
  if (spec.type === "strings") return as([]);
  if (spec.default === undefined) return as(spec.type === "boolean" ? false : undefined);
  if (spec.type === "enum" && !spec.values.includes(spec.default)) {
    throw new Error(`the default "${spec.default}" is none of ${spec.values.join(", ")}`);
  }
  const value = spec.type === "duration" ? milliseconds(spec.default).value : spec.default;
  return { ...as(value), defaultText: String(spec.default) };
}

function range(spec: FlagSpec): { min?: Bound; max?: Bound } {
  if (spec.type !== "integer" && spec.type !== "duration") return {};
  return {
    ...(spec.min === undefined ? {} : { min: bound(spec.min) }),
    ...(spec.max === undefined ? {} : { max: bound(spec.max) }),
  };
}

function bound(of: number | string): Bound {
  return typeof of === "string" ? milliseconds(of) : { value: of, text: String(of) };
}

function milliseconds(text: string): Bound {
  const value = parseDuration(text);
  if (value === undefined) throw new Error(`"${text}" is not a duration`);
  return { value, text };
}
