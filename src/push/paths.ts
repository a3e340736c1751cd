/** The paths that are served: the secret one, and for a moment that of the check at the start. */
import { isSameSecret } from "../shared/same-secret.ts";
import type { Memory } from "../store/store.ts";

const KEY = "push/path";

/**
 * The secret end of the address: 32 random bytes in base64url. The same at each start of a workspace,
 * so that what the platform has remembered of it stays right.
 */
export async function secretSegment(memory: Memory): Promise<string> {
  const kept = await memory.recall(KEY);
  const segment = kept !== undefined && /^[\w-]{43}$/.test(kept) ? kept : randomWord();
  // Anew each time: what is not remembered again is forgotten one day.
  await memory.remember(KEY, segment);
  return segment;
}

/** 43 characters that nobody can guess. */
export function randomWord(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
}

/** Which path of ours a request means. A proxy in front may keep the public address' own path, or not. */
export class Paths {
  readonly #secret: readonly string[];
  readonly #prefix: string;
  #check: { path: string; answer: string } | undefined;

  /** `publicUrl` as {@link parsePublicUrl} of public-url.ts gave it. */
  constructor(publicUrl: URL, segment: string) {
    this.#prefix = publicUrl.pathname.replace(/\/$/, "");
    this.#secret = this.#forms(segment);
  }

  /** Whether it is the secret path, to the letter. */
  isSecret(path: string): boolean {
    // All are compared, so that the time does not tell which one was near.
    return this.#secret.filter((form) => isSameSecret(form, path)).length > 0;
  }

  /** What the path of the check answers; undefined for any other, and while nobody checks. */
  checkAnswer(path: string): string | undefined {
    const check = this.#check;
    return check !== undefined && this.#forms(check.path).includes(path) ? check.answer : undefined;
  }

  /** Serves a path of its own, that says nothing of the secret one, until it is closed. */
  openCheck(): { path: string; answer: string; close(): void } {
    const check = { path: `check-${randomWord()}`, answer: randomWord() };
    this.#check = check;
    return { ...check, close: () => (this.#check = undefined) };
  }

  #forms(segment: string): string[] {
    return [`${this.#prefix}/${segment}`, `/${segment}`];
  }
}
