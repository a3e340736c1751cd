/** Global flags as a failure needs them: read without judging, since they may be what is wrong. */
import type { Env } from "./command.ts";
import type { CommandLine } from "./command-line.ts";
import type { CommandConfig } from "./config/command-config.ts";
import { variablesOf } from "./config/variables.ts";
import { FORMATS } from "./print.ts";
import type { Telling } from "./report.ts";
import type { Settings } from "./resolve.ts";

/**
 * How to tell of a failure, by the flags `output` and `verbose`: as they were resolved, and before that
 * as the words and variables seem to say. What has no meaning counts as not given.
 */
export function tellingOf(
  line: CommandLine,
  env: Env,
  settings?: Settings,
  config?: CommandConfig,
): Telling {
  const said = (name: string): string => {
    const entry = line.flags.long(name);
    if (entry === undefined) return "";
    const setting = settings?.byFlag.get(entry.flag);
    if (setting !== undefined) return String(setting.value);
    const given = line.given.get(entry)?.[0] ?? unread(line, name);
    const variable = variablesOf(entry.key, entry.flag).find((one) => env[one]);
    const inVariable = variable === undefined ? undefined : env[variable];
    return given ?? inVariable ?? config?.all(name)[0]?.texts[0] ?? "";
  };
  return {
    format: FORMATS.find((format) => format === said("output")) ?? "table",
    verbose: ["true", "1"].includes(said("verbose").toLowerCase()),
  };
}

/** What the words behind the one that was wrong say of a flag. */
function unread(line: CommandLine, name: string): string | undefined {
  const entry = line.flags.long(name);
  if (entry === undefined) return undefined;
  const forms = [`--${name}`, ...(entry.flag.alias === undefined ? [] : [`-${entry.flag.alias}`])];
  const words = line.unread;
  for (const [i, word] of words.entries()) {
    if (word === "--") break;
    for (const form of forms) {
      if (word === form) return entry.flag.kind === "boolean" ? "true" : words[i + 1];
      if (word.startsWith(`${form}=`)) return word.slice(form.length + 1);
      if (!form.startsWith("--") && word.startsWith(form)) return word.slice(form.length);
    }
  }
  return undefined;
}
