/** Words of a command line on Windows. */
import { checkText, unfit } from "./unfit.ts";

/**
 * One string that a program takes apart into these words again (the rules of CommandLineToArgvW: backslashes
 * count only before a quote). Throws a UsageError for what the Task Scheduler would fill in.
 */
export function windowsArguments(words: readonly string[]): string {
  return words.map((word) => quoted(fillable(checkText(word)))).join(" ");
}

/** The text, where it holds nothing that the Task Scheduler fills in: it has no way to write that. */
export function fillable(text: string): string {
  if (/%[^%]+%/.test(text)) throw unfit(text, "the Task Scheduler takes %...% for a variable");
  if (/\$\(/.test(text)) throw unfit(text, "the Task Scheduler takes $(...) for a parameter");
  return text;
}

function quoted(word: string): string {
  if (/^[^\s"]+$/.test(word)) return word;
  return `"${word.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, "$1$1")}"`;
}
