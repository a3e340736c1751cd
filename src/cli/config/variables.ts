/** What a flag is called in config files and variables. Loaded at every start. */
import { type Flag, kebab } from "../flag.ts";

/** The key of a value: `api_url` for `apiUrl`, and for `api-url`. */
export function snake(name: string): string {
  return kebab(name).replaceAll("-", "_");
}

/**
 * The variables of a flag, the one that counts most first: its own, and where it has a key the one that
 * the Go tool of the same name had for it.
 */
export function variablesOf(name: string, { env, config, kind }: Flag): string[] {
  const variables = env === undefined ? [] : [env];
  // A list can't be told from one long text in a variable.
  if (config !== undefined && kind !== "strings" && kind !== "items") {
    variables.push(`MOL_${snake(name).toUpperCase()}`);
  }
  return variables;
}
