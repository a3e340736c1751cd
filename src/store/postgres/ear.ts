/** Hears what other processes tell, wherever the database can pass it on. */
import type { PostgresClient } from "./client.ts";
import { reasonOf, type StoreEvent } from "./contact.ts";
import { StoreAway } from "./postgres-error.ts";
import { CHANNEL } from "./statements.ts";

export interface EarParts {
  hear(text: string): void;
  /** It has begun to listen: what was told before is lost. */
  onOpen(): void;
  tell(event: StoreEvent): void;
}

export class Ear {
  readonly #client: PostgresClient;
  readonly #parts: EarParts;
  #isOpening = false;
  /** It can't listen, and has told so. */
  #isDeaf = false;
  #isOver = false;

  constructor(client: PostgresClient, parts: EarParts) {
    this.#client = client;
    this.#parts = parts;
  }

  /** Begins to listen, unless it does: to be called again and again, and not to be waited for. Never rejects. */
  async open(): Promise<void> {
    if (this.#isOpening || this.#isOver || this.#client.isListening) return;
    this.#isOpening = true;
    const { hear, onOpen, tell } = this.#parts;
    try {
      await this.#client.listen(CHANNEL, hear);
      this.#isDeaf = false;
      onOpen();
    } catch (error) {
      // That the database is away, others tell.
      if (!this.#isDeaf && !this.#isOver && !(error instanceof StoreAway)) {
        tell({ type: "store-deaf", reason: reasonOf(error) });
        this.#isDeaf = true;
      }
    } finally {
      this.#isOpening = false;
    }
  }

  close(): void {
    this.#isOver = true;
  }
}
