/** Values that a service file can't hold. */
import { UsageError } from "../shared/errors.ts";
import { oneLine } from "../shared/text.ts";

/** The refusal of a value, where its format has no way to write it. */
export function unfit(value: string, why: string): UsageError {
  return new UsageError(`"${oneLine(value, 80)}" can't stand in the service's file: ${why}`);
}

/** Throws a UsageError for what no format can hold: NUL, and halves of characters. */
export function checkText(value: string): string {
  if (value.includes("\0")) throw unfit(value, "it holds a NUL");
  if (!value.isWellFormed()) throw unfit(value, "it is no Unicode text");
  return value;
}
