/** What may not stand in a service's file: others can read that, and the command line that it holds. */
import { shownText } from "../../cli/config/shown.ts";
import { UsageError } from "../../shared/errors.ts";
import { TOKEN_VARIABLES } from "../../shared/secret-variables.ts";
import type { Secrets } from "../../shared/secrets.ts";

/** A text that is to stand there, and how people know it. */
export interface Exposed {
  readonly text: string;
  /** What gives it, as in `--backend-opt`. */
  readonly name: string;
  /** Where it was found, if that is another place: `~/.config/molecule.yaml:3`. */
  readonly origin?: string | undefined;
  /** Where the secret belongs, as a sentence. */
  readonly hint: string;
}

/** Throws a UsageError that names the option, and never the value, where {@link looksSecret} says so. */
export function refuseSecret({ text, name, origin, hint }: Exposed, secrets: Secrets): void {
  if (!looksSecret(text, secrets)) return;
  const key = /^([\w.-]+)=/.exec(text)?.[1];
  const place = origin === undefined || origin === name ? "" : ` (${origin})`;
  throw new UsageError(
    `${name}${key === undefined ? "" : ` ${key}`}${place} holds what looks like a secret, and others can read a service's file`,
    hint,
  );
}

/**
 * Whether the text is or holds what looks like a credential: all that is masked where config is shown, and what
 * stands in the midst of a command or an address. A mere `KEY=env:NAME` holds none.
 */
export function looksSecret(text: string, secrets: Secrets): boolean {
  if (shownText(text, secrets) !== text) return true;
  return !/^[\w.-]+=env:\w+$/.test(text) && FORMS.some((form) => form.test(text));
}

/** Whether a variable of this name is likely to hold a secret. */
export function isSecretName(name: string): boolean {
  return TOKEN_VARIABLES.includes(name) || SECRET_NAME.test(name);
}

const NAMES = "(?:TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|API[_-]?KEY|PRIVATE[_-]?KEY)S?";
const SECRET_NAME = new RegExp(`${NAMES}$`, "i");

/** The value itself: a variable that stands for one is none, nor is a number, such as one of tokens. */
const VALUE = `["']?(?!\\$[\\w{(]|\\d+(?:\\W|$))[^\\s"']`;

const FORMS: readonly RegExp[] = [
  // NAME:PASSWORD@, also of a proxy without `http://`, and with a slash in the password; but no port.
  /(?:^|\/\/|=)[^\s/?#@:=]*:(?!\/\/|\d+[/?#])[^\s@]*@/,
  new RegExp(`${NAMES}=${VALUE}`, "i"),
  new RegExp(`--[\\w-]*${NAMES}\\s+(?!-)${VALUE}`, "i"),
  /\b(?:bearer|basic)\s+(?=\S*\d)[\w.~+/=-]{8,}/i,
  /:\/\/\S*[?&][^\s=&#?]*(?:auth|code|cred|key|pass|pw|secret|sig|token)[^\s=&#]*=[^\s&#$]/i,
];
