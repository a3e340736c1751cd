/** What stands in a file with a token or the like, which may also be a pipe that another program writes to. */
import { LATE } from "../shared/clock.ts";
import { codeOf, messageOf, MoleculeError } from "../shared/errors.ts";
import { readPatiently } from "../shared/read-file.ts";

/** Another program may have to ask somebody for a password first. */
const PATIENCE_MS = 15_000;

/** Far more than a token has, and what this program writes beside it. In bytes. */
export const MOST_TOKEN_BYTES = 64 * 1024;

/** What the file is to whoever named it. */
export interface SecretFile {
  readonly name: string;
  readonly holds: string;
}

const TOKEN_FILE: SecretFile = { name: "the token file", holds: "a token" };

/**
 * Reads the file. Throws a MoleculeError that names it, never what it holds: also where a pipe has no end for so
 * many milliseconds, and where there is far more than a token.
 */
export async function readTokenText(
  path: string,
  file = TOKEN_FILE,
  patienceMs = PATIENCE_MS,
): Promise<string> {
  const fault = (what: string, cause?: unknown) =>
    new MoleculeError(`${file.name} ${path} ${what}`, {
      hint: `Name a file that holds ${file.holds} and nothing else, and that you can read.`,
      cause,
    });
  let text: string | typeof LATE | undefined;
  try {
    text = await readPatiently(path, MOST_TOKEN_BYTES, patienceMs);
  } catch (error) {
    throw fault(`can't be read (${codeOf(error) ?? messageOf(error)})`, error);
  }
  if (text === LATE) {
    throw fault(`had no end within ${patienceMs / 1000} s: nothing wrote ${file.holds} to it`);
  }
  if (text === undefined) throw fault(`is far larger than ${file.holds}`);
  return text;
}
