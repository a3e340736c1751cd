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

/** `unknown`: it shows a secret, and we have not been told any yet. */
export type Judgement = "accepted" | "refused" | "unknown";

export interface CredentialParts {
  memory: Memory;
  clock: Clock;
  /** The first request with the right secret came: those without are refused from now on. */
  onSecured(): void;
}

export class Credential {
  readonly #parts: CredentialParts;
  #current: string | undefined;
  #before: { secret: string; until: number } | undefined;
  #secured = false;

  constructor(parts: CredentialParts) {
    this.#parts = parts;
  }

  /** Whether an earlier run has seen the platform show its secret. */
  async load(): Promise<void> {
    this.#secured = (await this.#parts.memory.recall(KEY)) !== undefined;
  }

  /** Writes down again what would be forgotten one day. Rejects with a MoleculeError. */
  async keep(): Promise<void> {
    if (this.#secured) await this.#parts.memory.remember(KEY, "1");
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
    if (header === null) return this.#secured ? "refused" : "accepted";
    if (this.#current === undefined) return "unknown";
    const shown = /^Bearer +(\S+) *$/i.exec(header)?.[1] ?? "";
    if (!this.#known().some((secret) => isSameSecret(secret, shown))) return "refused";
    if (!this.#secured) {
      this.#secured = true;
      this.#parts.onSecured();
      // It holds for this run in any case; a disk that is full is told of by what depends on it.
      await this.keep().catch(() => {});
    }
    return "accepted";
  }

  #known(): string[] {
    const before = this.#before;
    const isCached = before !== undefined && this.#parts.clock.monotonic() < before.until;
    return [this.#current ?? "", ...(isCached ? [before.secret] : [])];
  }
}
