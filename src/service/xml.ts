/** Text in XML 1.0. */
import { checkText, unfit } from "./unfit.ts";

/** An element on one line, with its text. */
export function element(name: string, text: string): string {
  return `<${name}>${xmlText(text)}</${name}>`;
}

/**
 * The text between tags. White space that a reader may change is written as references. Throws a UsageError for
 * characters that XML has no form for (XML 1.0, 2.2).
 */
export function xmlText(text: string): string {
  if (/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/.test(checkText(text))) {
    throw unfit(text, "XML has no form for a character of it");
  }
  return text.replace(/[&<>\t\n\r]/g, (c) => ESCAPES[c] ?? `&#${c.charCodeAt(0)};`);
}

const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
