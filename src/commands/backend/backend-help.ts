/** The backends and their options, from their declarations: as data, and as a part of a command's help. */
import type { BackendOption, BackendType } from "../../backends/backend.ts";
import { optionLabel } from "../../backends/options.ts";

/** A backend as `molecule backend list` and the README show it. */
export interface BackendDescription {
  name: string;
  summary: string;
  /** It answers where `--backend` is left out. */
  is_default: boolean;
  options: OptionDescription[];
}

export interface OptionDescription {
  name: string;
  type: BackendOption["type"];
  /** For an enum; null otherwise. */
  choices: readonly string[] | null;
  /** How it is written: `timeout=duration`, `header.NAME=text|env:NAME`. */
  option: string;
  /** As it would be written on the command line; null where there is none. */
  default: string | null;
  required: boolean;
  summary: string;
}

export function describeBackends(
  types: readonly BackendType[],
  defaultName: string,
): BackendDescription[] {
  return types.map(({ name, summary, options }) => ({
    name,
    summary,
    is_default: name === defaultName,
    options: Object.entries(options).map(([key, option]) => describeOption(key, option)),
  }));
}

export function backendHelp(types: readonly BackendType[], defaultName: string): string {
  const lines = ["Backends and their options (--backend-opt):"];
  for (const { name, summary, is_default, options } of describeBackends(types, defaultName)) {
    lines.push(`  ${name}${is_default ? " (default)" : ""}: ${summary}`);
    const width = Math.max(0, ...options.map(({ option }) => option.length));
    for (const { option, summary: what, ...rest } of options) {
      lines.push(`    ${option.padEnd(width)}  ${what}${note(rest)}`);
    }
  }
  return lines.join("\n");
}

function describeOption(key: string, option: BackendOption): OptionDescription {
  return {
    name: option.named === true ? `${key}.NAME` : key,
    type: option.type,
    choices: option.values ?? null,
    option: optionLabel(key, option),
    default: option.default === undefined || option.default === "" ? null : option.default,
    required: option.required === true,
    summary: option.summary,
  };
}

function note(option: Pick<OptionDescription, "default" | "required">): string {
  if (option.required) return " (required)";
  return option.default === null ? "" : ` (${option.default})`;
}
