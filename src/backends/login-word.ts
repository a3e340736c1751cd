/** A program's word for the way in which it is logged in. */

/** The word where it can be nothing else: no key, no address and no name of an account. */
export function loginWord(word: string | undefined): string | undefined {
  return word !== undefined && word !== "none" && /^[a-z][a-z_.-]{1,29}$/.test(word)
    ? word
    : undefined;
}
