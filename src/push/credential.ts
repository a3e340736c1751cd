/**
 * By what the platform is known. One of revision 1 shows nothing but the secret path; one of revision 2
 * also its inbound secret, as a bearer (contract 5.3).
 */
import type { Clock } from "../shared/clock.ts";
import { isSameSecret } from "../shared/same-secret.ts";
import type { Memory } from "../store/store.ts";

const KEY = "push/secured";
/** So long the platform may still show the secret of before (contract 5.3). */
const CACHED_MS = 5 * 60_000;
/** A platform that has shown no secret for so long may have gone back to a revision that shows none. */
const LAPSE_MS = 7 * 24 * 3_600_000;

/**
 * `missing`: it shows none, from a platform that did. `unknown`: it shows one, and we have not been told
 * any yet.
 */
export type Judgement = "accepted" | "refused" | "missing" | "unknown";

export interface CredentialParts {
  memory: Memory;
  clock: Clock;
  /** The first request with the right secret came: those without are refused from now on. */
  onSecured(): void;
  /** A message is taken that showed none: told once. */
  onUnsecured(): void;
}

export class Credential {
  readonly #parts: CredentialParts;
  #current: string | undefined;
  #before: { secret: string; until: number } | undefined;
  /** When the right secret was shown last, in milliseconds since 1970. */
  #shownMs: number | undefined;
  #bareTold = false;

  constructor(parts: CredentialParts) {
    this.#parts = parts;
  }

  /** Whether an earlier run has seen the platform show its secret. */
  async load(): Promise<void> {
    const kept = await this.#parts.memory.recall(KEY);
    // What can't be read was written when one was shown, whenever that was.
    if (kept !== undefined) this.#shownMs = Number(kept) || this.#parts.clock.now();
  }

  /** Writes down when the secret was shown last. Rejects with a MoleculeError. */
  async keep(): Promise<void> {
    const shownMs = this.#shownMs;
    if (shownMs !== undefined) await this.#parts.memory.remember(KEY, String(shownMs));
  }

  /** A message was taken that showed no secret. */
  onBareMessage(): void {
    if (this.#bareTold) return;
    this.#bareTold = true;
    this.#parts.onUnsecured();
  }

  /** The platform told its secret of the moment, with a registration or a heartbeat. */
  learn(secret: string | undefined): void {
    if (secret === undefined || secret === this.#current) return;
    if (this.#current !== undefined) {
      const until = this.#parts.clock.monotonic() + CACHED_MS;
      this.#before = { secret: this.#current, until };
    }
    this.#current = secret;
  }

  /** What a request's `Authorization` header is worth. */
  async judge(header: string | null): Promise<Judgement> {
    if (header === null) return this.#isSecured() ? "missing" : "accepted";
    if (this.#current === undefined) return "unknown";
    const shown = /^Bearer +(\S+) *$/i.exec(header)?.[1] ?? "";
    if (!this.#known().some((secret) => isSameSecret(secret, shown))) return "refused";
    const known = this.#isSecured();
    this.#shownMs = this.#parts.clock.now();
    if (!known) {
      this.#bareTold = false;
      this.#parts.onSecured();
      // It holds for this run in any case; a disk that is full is told of by what depends on it.
      await this.keep().catch(() => {});
    }
    return "accepted";
  }

  /** A clock that was set back is no reason to let anyone in. */
  #isSecured(): boolean {
    return this.#shownMs !== undefined && this.#parts.clock.now() - this.#shownMs < LAPSE_MS;
  }

  #known(): string[] {
    const before = this.#before;
    const isCached = before !== undefined && this.#parts.clock.monotonic() < before.until;
    return [this.#current ?? "", ...(isCached ? [before.secret] : [])];
  }
}
