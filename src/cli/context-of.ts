/** What a command gets beside its values, once they are known. */
import type { Cli, Context, Env, Source } from "./command.ts";
import type { CommandLine } from "./command-line.ts";
import type { CommandConfig } from "./config/command-config.ts";
import type { NamedFile } from "./config/places.ts";
import { snake } from "./config/variables.ts";
import type { Flag } from "./flag.ts";
import type { MaskedIo } from "./output.ts";
import type { Setting, Settings } from "./resolve.ts";

/** What was read around the command line. */
export interface ContextParts {
  readonly env: Env;
  readonly io: MaskedIo;
  readonly configFile: NamedFile | undefined;
  readonly config: CommandConfig | undefined;
}

/** The context of the command that the line leads to. */
export function contextOf(
  cli: Cli,
  { path, rest }: Pick<CommandLine, "path" | "rest">,
  settings: Settings,
  { env, io, configFile, config }: ContextParts,
): Context {
  return {
    cli,
    path,
    rest,
    env,
    io,
    configFile,
    get<T>(flag: Flag<T>): T {
      const setting = settings.byFlag.get(flag);
      if (setting === undefined) throw new Error("a flag was asked for that isn't declared here");
      if (setting.refusal !== undefined) throw setting.refusal;
      return setting.value as T;
    },
    source: (name): Source => named(settings, name).source,
    origin: (name) => named(settings, name).origin,
    list: (name) => config?.list(snake(name)),
  };
}

function named({ byName }: Settings, name: string): Setting {
  const setting = byName.get(name);
  if (setting === undefined) throw new Error(`no flag or argument is declared as "${name}"`);
  return setting;
}
