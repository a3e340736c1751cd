/**
 * Whether a text in an answer of the platform may be a token that it has made (contract 1.4). What is shorter, or
 * holds quotes, would be found in all kinds of text, and turn it to `[secret]`.
 */
export function isIssuedToken(value: string): boolean {
  return value.length >= 8 && /^[\x21\x23-\x26\x28-\x5b\x5d-\x5f\x61-\x7e]+$/.test(value);
}
