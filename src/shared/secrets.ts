/**
 * The secrets of this process, and the mask that keeps them out of every output: as they are, in
 * base64 (both alphabets), percent-encoded, and with the escapes of JSON.
 */
export class Secrets {
  readonly #forms = new Set<string>();

  /** Remembers a secret. Very short ones are left out: masking them would mangle any text. */
  add(secret: string | undefined): void {
    if (secret === undefined || secret.length < 6) return;
    for (const form of formsOf(secret)) this.#forms.add(form);
  }

  /** The text with every known secret replaced by `[secret]`, but for the one that is to be `shown`. */
  mask(text: string, shown?: string): string {
    const forms = shown === undefined ? this.#forms : this.#forms.difference(formsOf(shown));
    let masked = text;
    // The longest form first, so that no form leaves the tail of a longer one behind.
    for (const form of [...forms].sort((a, b) => b.length - a.length)) {
      if (masked.includes(form)) masked = masked.replaceAll(form, "[secret]");
    }
    return masked;
  }

  /** Characters of the longest form: so much at the end of a cut text may be half of a secret. */
  get longest(): number {
    return Math.max(0, ...[...this.#forms].map((form) => form.length));
  }

  /** Whether the text holds a secret in any form: such a variable is not handed to a child. */
  within(text: string): boolean {
    for (const form of this.#forms) if (text.includes(form)) return true;
    return false;
  }
}

function formsOf(secret: string): Set<string> {
  const base64 = Buffer.from(secret).toString("base64");
  const percent = encodeURIComponent(secret.toWellFormed());
  const forms = [secret, base64, base64.replace(/=+$/, ""), percent];
  forms.push(Buffer.from(secret).toString("base64url"), JSON.stringify(secret).slice(1, -1));
  return new Set(forms);
}
