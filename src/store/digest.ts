/**
 * One short key for several texts of strangers, which may be of any length. No two lists of texts
 * run into one another.
 */
export function digestOf(...texts: string[]): string {
  return new Bun.CryptoHasher("sha256").update(JSON.stringify(texts)).digest("hex");
}
