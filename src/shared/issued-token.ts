/**
 * Whether a text in an answer of the platform may be a token that it has made (contract 1.4): one word that can
 * stand in a header. What is shorter would be found in all kinds of text, and turn it to `[secret]`.
 */
export function isIssuedToken(value: string): boolean {
  return /^[\x21-\x7e]{8,}$/.test(value);
}
