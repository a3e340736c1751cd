/** The backends and their options as a part of a command's help, from their declarations. */
import type { BackendOption, BackendType } from "../backends/backend.ts";

export function backendHelp(types: readonly BackendType[], defaultName: string): string {
  const lines = ["Backends and their options (--backend-opt):"];
  for (const { name, summary, options } of types) {
    lines.push(`  ${name}${name === defaultName ? " (default)" : ""}: ${summary}`);
    const width = Math.max(0, ...Object.entries(options).map(([key, o]) => label(key, o).length));
    for (const [key, option] of Object.entries(options)) {
      lines.push(`    ${label(key, option).padEnd(width)}  ${option.summary}${note(option)}`);
    }
  }
  return lines.join("\n");
}

function label(key: string, { type, values }: BackendOption): string {
  return `${key}=${values?.join("|") ?? (type === "string" ? "text" : type)}`;
}

function note(option: BackendOption): string {
  if (option.required) return " (required)";
  return option.default === undefined || option.default === "" ? "" : ` (${option.default})`;
}
