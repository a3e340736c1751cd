/** What a token may look like. Apart from `token.ts`, since help and parsing need this and no file. */
import { UsageError } from "../shared/errors.ts";

/** Checks that a token can stand in a header. The message never holds it. Throws a UsageError. */
export function checkToken(value: string, named: string): string {
  const token = value.trim();
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new UsageError(
      token === "" ? `${named} is empty` : `${named} does not hold a single token`,
      "A token is one word of printable characters.",
    );
  }
  return token;
}
