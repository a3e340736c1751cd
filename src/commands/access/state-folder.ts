/** Where bridges keep their state. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** The folder that was given, or the one below that home that the Go tool of the same name uses too. */
export function stateFolder(given: string | undefined, home: string = homedir()): string {
  return resolve(given ?? join(home, ".config", "molecule", "state"));
}
