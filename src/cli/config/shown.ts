/** Values of config as people may see them. */
import type { Secrets } from "../../shared/secrets.ts";
import { oneLine } from "../../shared/text.ts";
import { hidePassword } from "../value.ts";

/** The text without known secrets, passwords in addresses, and what a pair of such a name may hold. */
export function shownText(text: string, secrets: Secrets): string {
  const masked = hidePassword(secrets.mask(text));
  const [, key, value] = PAIR.exec(masked) ?? [];
  // `env:NAME` only names the variable that holds it.
  if (key === undefined || value === undefined || value.startsWith("env:")) return masked;
  return SENSITIVE.test(key) ? `${key}=[secret]` : masked;
}

/** The same for a message: in quotes, each in one line of moderate length. */
export function quotedTexts(texts: readonly string[], secrets: Secrets): string {
  return texts.map((text) => `"${oneLine(shownText(text, secrets), 120)}"`).join(", ");
}

const PAIR = /^([\w.-]+)=([\s\S]*)$/;

/** Names of options whose values are likely to be secrets; `max_tokens` is none of them. */
const SENSITIVE = /^header\.|key|token(?!s)|secret|passw|auth|cookie/i;
