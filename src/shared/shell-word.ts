/** The text as one word of a POSIX shell, in single quotes: nothing in them has a meaning but their end. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The same, and bare where the text needs no quotes: for what people read and paste. */
export function shellWord(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : shellQuoted(text);
}
