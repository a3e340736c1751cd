/**
 * The secrets of this process, and the mask that keeps them out of every output: as they are, in
 * base64 (both alphabets), percent-encoded, and with the escapes of JSON.
 */
export class Secrets {
  readonly #known = new Set<string>();
  /** All forms of all of them. */
  readonly #forms = new Set<string>();
  /** The same, the longest first; undefined where one came since. */
  #ordered: readonly string[] | undefined;

  /** Remembers a secret. Very short ones are left out: masking them would mangle any text. */
  add(secret: string | undefined): void {
    // Some come again with every heartbeat.
    if (secret === undefined || secret.length < 6 || this.#known.has(secret)) return;
    this.#known.add(secret);
    for (const form of formsOf(secret)) this.#forms.add(form);
    this.#ordered = undefined;
  }

  /** The text with every known secret replaced by `[secret]`, but for the one that is to be `shown`. */
  mask(text: string, shown?: string): string {
    const forms = this.#longestFirst;
    // A process of many workspaces knows thousands, and most texts are too short for any.
    if (text.length < (forms.at(-1)?.length ?? Infinity)) return text;
    const kept = shown === undefined ? undefined : formsOf(shown);
    let masked = text;
    for (const form of forms) {
      if (masked.includes(form) && kept?.has(form) !== true) {
        masked = masked.replaceAll(form, "[secret]");
      }
    }
    return masked;
  }

  /** Characters of the longest form: so much at the end of a cut text may be half of a secret. */
  get longest(): number {
    return this.#longestFirst[0]?.length ?? 0;
  }

  /** Whether the text holds a secret in any form: such a variable is not handed to a child. */
  within(text: string): boolean {
    for (const form of this.#forms) if (text.includes(form)) return true;
    return false;
  }

  /** In this order no form leaves the tail of a longer one behind. */
  get #longestFirst(): readonly string[] {
    return (this.#ordered ??= [...this.#forms].sort((a, b) => b.length - a.length));
  }
}

function formsOf(secret: string): Set<string> {
  const base64 = Buffer.from(secret).toString("base64");
  const percent = encodeURIComponent(secret.toWellFormed());
  const forms = [secret, base64, base64.replace(/=+$/, ""), percent];
  forms.push(Buffer.from(secret).toString("base64url"), JSON.stringify(secret).slice(1, -1));
  return new Set(forms);
}
