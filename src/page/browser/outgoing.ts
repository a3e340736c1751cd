/** Messages of this page on their way: one after the other, and not lost where they can't be sent. */
import type { Calls } from "./calls.ts";
import { compose, deliver } from "./deliver.ts";
import type { Model, Pending } from "./model.ts";

const UNSENT = "molecule.unsent";

/** What outlasts a reload: files don't. */
type Kept = Pick<Pending, "messageId" | "workspaceId" | "text" | "at"> & { files: number };

export class Outgoing {
  readonly #model: Model;
  readonly #calls: Calls;
  readonly #onChange: () => void;
  /** The last one of each workspace, so that none overtakes another. */
  readonly #last = new Map<string, Promise<void>>();

  constructor(model: Model, calls: Calls, onChange: () => void) {
    this.#model = model;
    this.#calls = calls;
    this.#onChange = onChange;
  }

  write(workspaceId: string, text: string, files: readonly File[]): void {
    const pending = compose(workspaceId, text, files);
    this.#model.pending = [...this.#model.pending, pending];
    this.send(pending);
  }

  /** Also once more: under the same id, so that it does not arrive twice. */
  send(pending: Pending): void {
    const { workspaceId } = pending;
    pending.state = "sending";
    const before = this.#last.get(workspaceId) ?? Promise.resolve();
    const done = before.then(() => deliver(pending, this.#calls)).then(() => this.#onChange());
    this.#last.set(workspaceId, done);
    this.#onChange();
  }

  drop(pending: Pending): void {
    this.#model.pending = this.#model.pending.filter((one) => one !== pending);
    this.#onChange();
  }

  /** Keeps, for this tab, what is not known to be sent. */
  keep(): void {
    const unsent = this.#model.pending.filter(({ state }) => state !== "sent");
    const kept = unsent.map(({ messageId, workspaceId, text, at, files }): Kept => {
      return { messageId, workspaceId, text, at, files: files.length };
    });
    sessionStorage.removeItem(UNSENT);
    try {
      if (kept.length > 0) sessionStorage.setItem(UNSENT, JSON.stringify(kept));
    } catch {
      // More than the browser keeps.
    }
  }

  /** What {@link keep} kept. */
  restore(): void {
    this.#model.pending = keptMessages().map(({ files, ...message }): Pending => {
      const left = "the page was left before it was known to be sent";
      const problem = files === 0 ? left : `${left}; its files have to be attached again`;
      return { ...message, files: [], state: "failed", problem };
    });
  }
}

/** Whatever else was served at this address may have written there, too. */
function keptMessages(): Kept[] {
  try {
    const kept = JSON.parse(sessionStorage.getItem(UNSENT) ?? "[]") as unknown;
    return Array.isArray(kept) ? (kept as Kept[]) : [];
  } catch {
    return [];
  }
}
