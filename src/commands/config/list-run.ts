/** `molecule config list` and `get`. */
import type { Context } from "../../cli/command.ts";
import { configFor } from "../../cli/config/describe.ts";
import { faultOf } from "../../cli/config/faults.ts";
import { count } from "../../shared/count.ts";
import { ExitCode, MoleculeError, UsageError } from "../../shared/errors.ts";
import { GLOBALS } from "../globals.ts";
import { show, warn } from "../show.ts";
import type { KeyValues } from "./index.ts";
import { describeConfig, type ValueReport } from "../../cli/config/describe.ts";

/** Prints every key. Ends with 2 after it where a file is faulty. */
export async function list(context: Context): Promise<void> {
  const { values } = await describeConfig(context);
  await show(context, values.map(recordOf), [
    { title: "key", of: ({ key }) => key },
    { title: "value", of: ({ value }) => cellOf(value) },
    { title: "source", of: ({ source }) => source },
    { title: "place", of: ({ origin }) => origin },
  ]);
  warnOf(values, context);
  await endOnFault(context);
}

/** Prints the value of one key. */
export async function get({ key }: KeyValues, context: Context): Promise<void> {
  const { keys } = await configFor(context);
  const value = (await describeConfig(context)).values.find((one) => one.key === key);
  if (value === undefined) {
    const { message, hint } = keys.fault(key);
    throw new UsageError(message, hint ?? "molecule config list shows the keys.");
  }
  if (value.secret) {
    throw new UsageError(
      `"${key}" is a token, and never shown`,
      "molecule config list tells whether it is set.",
    );
  }
  if (value.problem !== null) {
    throw new MoleculeError(value.problem, {
      exitCode: ExitCode.usage,
      hint: "molecule config list shows what is set where.",
    });
  }
  if (context.get(GLOBALS.output) !== "table") await show(context, recordOf(value));
  else if (isSet(value)) await context.io.out(`${linesOf(value.value).join("\n")}\n`);
  await endOnFault(context);
  if (!isSet(value)) throw new MoleculeError(`"${key}" is not set`);
}

/** Tells of values that no command would take as they are. */
export function warnOf(values: readonly ValueReport[], context: Context): void {
  for (const { problem } of values) if (problem !== null) warn(context, problem);
}

/** Throws what is wrong with the files. */
export async function endOnFault(context: Context): Promise<void> {
  const fault = faultOf((await configFor(context)).config);
  if (fault !== undefined) throw fault;
}

function isSet({ value, source }: ValueReport): boolean {
  return value !== null && !(source === "unset" && Array.isArray(value) && value.length === 0);
}

/** A value in a table: of a list of items how many there are, as each may have a dozen values. */
export function cellOf(value: ValueReport["value"]): string | number | boolean | null {
  if (!Array.isArray(value)) return value;
  const items = value.filter((one) => typeof one === "object");
  return items.length > 0 ? count(items.length, "item") : value.join(" ");
}

/** The same in lines: one for each text, or each item. */
function linesOf(value: ValueReport["value"]): string[] {
  return [value].flat().map((one) => {
    if (typeof one !== "object" || one === null) return String(one);
    const pairs = Object.entries(one).flatMap(([key, texts]) =>
      [texts].flat().map((text) => `${key}=${text}`),
    );
    return pairs.join(" ");
  });
}

/** As it is printed as data. */
export function recordOf({ key, value, source, origin }: ValueReport) {
  return { key, value, source, origin };
}
