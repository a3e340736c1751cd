/** What stands in a token file, which may also be a pipe that another program writes the token to. */
import { LATE } from "../shared/clock.ts";
import { codeOf, messageOf, MoleculeError } from "../shared/errors.ts";
import { readPatiently } from "../shared/read-file.ts";

/** Another program may have to ask somebody for a password first. */
const PATIENCE_MS = 15_000;

/** Far more than a token has, and what this program writes beside it. In bytes. */
export const MOST_TOKEN_BYTES = 64 * 1024;

/**
 * Reads the file. Throws a MoleculeError that names it, never what it holds: also where a pipe has no end for so
 * many milliseconds, and where there is far more than a token.
 */
export async function readTokenText(path: string, patienceMs = PATIENCE_MS): Promise<string> {
  let text: string | typeof LATE | undefined;
  try {
    text = await readPatiently(path, MOST_TOKEN_BYTES, patienceMs);
  } catch (error) {
    throw fault(path, `can't be read (${codeOf(error) ?? messageOf(error)})`, error);
  }
  if (text === LATE) {
    throw fault(path, `had no end within ${patienceMs / 1000} s: nothing wrote the token to it`);
  }
  if (text === undefined) throw fault(path, "is far larger than a token");
  return text;
}

function fault(path: string, what: string, cause?: unknown): MoleculeError {
  return new MoleculeError(`the token file ${path} ${what}`, {
    hint: "Name a file that holds the token and nothing else, and that you can read.",
    cause,
  });
}
