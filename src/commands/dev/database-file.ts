/** Where the platform of `molecule dev` keeps its data if it is not told. */
import { homedir } from "node:os";
import { join } from "node:path";

/** The SQLite file: `~/.config/molecule/dev/platform.db`. Its folder need not be there. */
export function defaultDatabase(): string {
  return join(homedir(), ".config", "molecule", "dev", "platform.db");
}
