const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = [0x5b, 0x7b];
const CLOSING = [0x5d, 0x7d];

/**
 * Whether objects and arrays of a JSON text lie in each other more than `levels` deep: to parse one of
 * some millions takes seconds. Takes time in proportion to the length, and little of it.
 */
export function nestsDeeper(text: string, levels: number): boolean {
  let depth = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isInString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) isInString = false;
    } else if (code === QUOTE) isInString = true;
    else if (OPENING.includes(code)) {
      if (++depth > levels) return true;
    } else if (CLOSING.includes(code)) depth--;
  }
  return false;
}
