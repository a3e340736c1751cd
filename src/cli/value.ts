import { parseDuration } from "../shared/duration.ts";
import { UsageError } from "../shared/errors.ts";
import { nearest } from "../shared/nearest.ts";
import type { Secrets } from "../shared/secrets.ts";
import { oneLine } from "../shared/text.ts";
import type { Flag } from "./flag.ts";

/**
 * What a text means for a flag: a number, milliseconds, true or false, or the text itself. Throws a
 * UsageError that names where the text came from (`--count`, or a variable); it never shows the
 * value of a secret.
 */
export function readValue(flag: Flag, text: string, from: string, secrets: Secrets): unknown {
  const value = meaning(flag, text);
  const problem =
    value === undefined
      ? `must be ${expected(flag)}`
      : (outOfRange(flag, value) ?? flag.check?.(value));
  if (problem === undefined) return value;
  // Masked before it is cut, lest half a secret remain.
  // A name that is none may be the secret itself.
  const shown =
    flag.secret || flag.namesSecret
      ? ""
      : `, not "${oneLine(hidePassword(secrets.mask(text)), 60)}"`;
  const near = flag.options && nearest(text, flag.options);
  throw new UsageError(`${from} ${problem}${shown}`, near && `Did you mean "${near}"?`);
}

/** The password in an address is a secret that nobody has named. */
export function hidePassword(text: string): string {
  return text.replace(/\/\/[^/?#]*@/g, "//[secret]@");
}

function meaning({ kind, options }: Flag, text: string): unknown {
  switch (kind) {
    case "boolean":
      return BOOLEANS.get(text.toLowerCase());
    case "integer":
      return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text))
        ? Number(text) + 0
        : undefined;
    case "duration":
      return parseDuration(text);
    case "enum":
      return options?.includes(text) ? text : undefined;
    case "string":
    case "strings":
    case "items":
      return text;
  }
}

const BOOLEANS = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

function expected({ kind, options = [] }: Flag): string {
  if (kind === "boolean") return "true or false";
  if (kind === "integer") return "a whole number in decimal digits";
  if (kind === "duration") return "a duration such as 30s, 5m or 1h30m";
  return `one of ${options.join(", ")}`;
}

function outOfRange({ min, max }: Flag, value: unknown): string | undefined {
  if (typeof value !== "number") return undefined;
  if (min !== undefined && value < min.value) return `must be at least ${min.text}`;
  if (max !== undefined && value > max.value) return `must be at most ${max.text}`;
  return undefined;
}
