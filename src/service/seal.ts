/**
 * The mark in a service file by which it is known again: that this tool wrote it, and whether somebody has
 * changed it since. It keeps no enemy out; it keeps us from destroying a person's work.
 */

const WORDS = "molecule-service sha256=";
const MARK = new RegExp(`${WORDS}([0-9a-f]{64})`);

/** Stands in a text for the mark until {@link sealed} has made it: one line of a comment. */
export const SEAL: string = WORDS + "0".repeat(64);

/** The text with its mark. It must hold {@link SEAL} once. */
export function sealed(text: string): string {
  return text.replace(SEAL, `${WORDS}${digestOf(text)}`);
}

/** Whose a file is: written by this tool and left as it was, changed since, or somebody else's. */
export type Standing = "ours" | "changed" | "foreign";

/** Ends of lines and a byte order mark say nothing: editors and systems change them. */
export function standingOf(text: string): Standing {
  const plain = text.replace(/^\ufeff/, "").replaceAll("\r\n", "\n");
  const found = MARK.exec(plain)?.[1];
  if (found === undefined) return "foreign";
  return digestOf(plain.replace(MARK, SEAL)) === found ? "ours" : "changed";
}

function digestOf(text: string): string {
  return new Bun.CryptoHasher("sha256").update(text).digest("hex");
}
