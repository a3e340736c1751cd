/**
 * Splits a line into words as a POSIX shell would: white space between them, single quotes, double
 * quotes, backslash. No shell is run, and nothing is expanded (`$HOME` and `*` stay as they are).
 * Undefined where a quote is not closed or the line ends in a backslash.
 */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const char = line.charAt(at);
    if (char === quote) quote = "";
    else if (quote === "'") word += char;
    else if (char === "\\") {
      if (++at === line.length) return undefined;
      const next = line.charAt(at);
      // Within double quotes a backslash is itself, unless it hides one of these (POSIX 2.2.3).
      const literal = quote === '"' && !'"\\$`'.includes(next);
      word = (word ?? "") + (literal ? "\\" : "") + next;
    } else if (quote === "" && (char === "'" || char === '"')) {
      quote = char;
      word ??= "";
    } else if (quote === "" && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  if (quote !== "") return undefined;
  return word === undefined ? words : [...words, word];
}
