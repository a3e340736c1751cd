/** How many values a JSON text holds, told from its signs alone, before anything is made of it. */

const QUOTE = 0x22;
const COMMA = 0x2c;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;

/**
 * Counts the commas, objects and arrays outside of strings, and stops above `most`. Each value in another
 * has such a sign before it, so there are no fewer of them than of values.
 */
export function countValues(text: string, most: number): number {
  let count = 0;
  let inString = false;
  for (let at = 0; at < text.length && count <= most; at++) {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) inString = !inString;
    else if (inString) at += sign === BACKSLASH ? 1 : 0;
    else if (sign === COMMA || sign === BRACKET || sign === BRACE) count += 1;
  }
  return count;
}
