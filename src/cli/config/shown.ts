/** Values of config as people may see them. */
import type { Secrets } from "../../shared/secrets.ts";
import { hidePassword } from "../value.ts";

/** The text without known secrets, passwords in addresses, and what a pair of such a name may hold. */
export function shownText(text: string, secrets: Secrets): string {
  const masked = hidePassword(secrets.mask(text));
  const [, key, value] = PAIR.exec(masked) ?? [];
  // `env:NAME` only names the variable that holds it.
  if (key === undefined || value === undefined || value.startsWith("env:")) return masked;
  return SENSITIVE.test(key) ? `${key}=[secret]` : masked;
}

/**
 * The same for who decides whether to trust a file: nothing is hidden that a shell could be made to run. Only of
 * a pair (`api_key=…`) is the value taken for a secret by its key.
 */
export function judgedText(text: string, secrets: Secrets, isPair: boolean): string {
  const masked = secrets.mask(text).replace(HARMLESS_LOGIN, "$1[secret]@");
  const [, key] = PAIR.exec(masked) ?? [];
  return isPair && key !== undefined && SENSITIVE.test(key) ? shownText(text, secrets) : masked;
}

/**
 * A text such that every character of it can be seen: as it is, where that is words with single spaces
 * between them; else as a string of JSON, with escapes for all but ASCII and Latin letters.
 */
export function literal(text: string): string {
  return PLAIN.test(text) ? text : quoted(text);
}

/** The texts of a list, so that one can tell where each of them ends. */
export function literals(texts: readonly string[]): string {
  return texts.map((text) => (text.includes(" ") ? quoted(text) : literal(text))).join(" ");
}

/**
 * The same data in JSON or in our YAML, which quotes as JSON does: every character of their texts can be seen.
 */
export function literalData(text: string): string {
  return text.replace(LINE, (_, head: string, value: string) =>
    // A plain text of YAML has no escapes.
    /^["\[{}\]]/.test(value) || literal(value) === value
      ? head + escaped(value)
      : head + quoted(value),
  );
}

/** Texts for a message, as {@link literal} has them: in quotes, and told how much is left out. */
export function quotedTexts(texts: readonly string[], secrets: Secrets): string {
  return texts
    .map((text) => shownText(text, secrets))
    .map((text) => {
      const rest = text.length - MOST_QUOTED;
      const head = quoted(text.slice(0, MOST_QUOTED));
      return rest > 0 ? `${head} and ${rest} more characters` : head;
    })
    .join(", ");
}

/** Characters of a text in a message. */
const MOST_QUOTED = 400;

/** A line's indentation, with YAML's marks and key where that is not in quotes, and the rest of it. */
const LINE = /^((?: |- )*(?:\w+: )?)(.+)$/gm;

const PAIR = /^([\w.-]+)=([\s\S]*)$/;

/** Names of options whose values are likely to be secrets; `max_tokens` is none of them. */
const SENSITIVE = /^header\.|key|token(?!s)|secret|passw|auth|cookie/i;

/** A name and password in which there is nothing that means something to a shell. */
const HARMLESS_LOGIN = /(:\/\/)[\w.~%:+!*,-]*@/g;

/**
 * ASCII and Latin letters: of all other characters some look like nothing, like a space or like one of these, and some
 * turn the line around.
 */
const SEEN = "[!-~\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u017f]";
const PLAIN = new RegExp(`^(?!")${SEEN}+(?: ${SEEN}+)*$`, "u");
const UNSEEN = new RegExp(`(?<= ) |(?! )(?!${SEEN}).`, "gsu");

function quoted(text: string): string {
  return escaped(JSON.stringify(text));
}

function escaped(json: string): string {
  return json.replace(UNSEEN, (found) =>
    found
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}
