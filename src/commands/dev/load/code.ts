/** The mark in a text by which an answer that repeats it is told: `#k3f9a2.17`. */

/** Of a message: which run sent it, and its number there. */
export interface Code {
  run: string;
  number: number;
}

/** A word for a run: six letters and digits. `random` gives [0, 1). */
export function newRun(random: () => number): string {
  return Array.from({ length: 6 }, () => LETTERS[Math.floor(random() * LETTERS.length)]).join("");
}

/** As it stands in a text. */
export function formatCode({ run, number }: Code): string {
  return `#${run}.${number}`;
}

/** The first code in a text, in whatever case; undefined where there is none. */
export function codeIn(text: string): Code | undefined {
  const [, run, number] = /#([a-z0-9]{6})\.(\d{1,6})(?!\d)/i.exec(text) ?? [];
  if (run === undefined || number === undefined) return undefined;
  return { run: run.toLowerCase(), number: Number(number) };
}

/** Without those that look alike. */
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";
