/** The right of this process to work for one workspace, as far as {@link Members} has it. */
import { unlessAborted } from "../../shared/abortions.ts";
import { MoleculeError } from "../../shared/errors.ts";
import { LeaseLost } from "../../shared/lease-lost.ts";
import type { Holder, StoreLock } from "../store-lock.ts";
import type { Members } from "./members.ts";
import type { Writer } from "./statements.ts";

export class Lease implements StoreLock {
  readonly isShared = true;
  readonly workspaceId: string;
  readonly #members: Members;
  #writer: Writer | undefined;
  #lost = new AbortController();
  #handOver = new AbortController();
  #granted = Promise.withResolvers<void>();
  #released: Promise<void> = Promise.resolve();
  #isTouched = false;

  constructor(members: Members, workspaceId: string) {
    this.#members = members;
    this.workspaceId = workspaceId;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get handOver(): AbortSignal {
    return this.#handOver.signal;
  }

  get isHeld(): boolean {
    return this.#writer !== undefined;
  }

  /** Who commits. Throws a LeaseLost where we hold it no more. */
  get writer(): Writer {
    if (this.#writer !== undefined) return this.#writer;
    if (this.lost.aborted) throw this.lost.reason;
    throw new MoleculeError("the store was used without its lease");
  }

  async take(stop?: AbortSignal): Promise<"taken" | { heldBy: Holder | undefined }> {
    await unlessAborted(this.#try(), stop);
    if (this.isHeld) return "taken";
    if (stop?.aborted) return { heldBy: undefined };
    return { heldBy: await this.#members.holderOf(this.workspaceId) };
  }

  async #try(): Promise<void> {
    // An end that takes long would take the new holding with it.
    const released = this.#released;
    await released;
    // Given up while it waited: nobody would hold what it got.
    if (this.#released === released && !this.isHeld) await this.#members.want(this);
  }

  untilFree(signal: AbortSignal): Promise<void> {
    return unlessAborted(this.#granted.promise, signal);
  }

  async sure(signal: AbortSignal): Promise<void> {
    for (;;) {
      // Throws where we hold it no more.
      void this.writer;
      if (signal.aborted || this.#members.isSure) return;
      await this.#members.looked(signal);
    }
  }

  /** Gives it up, or the wish for it, however `end` ends. What can't be told runs out. Rejects as `end` does. */
  releaseAfter(end: Promise<void>): Promise<void> {
    const released = end.finally(() => this.#release());
    this.#released = released.catch(() => {});
    return released;
  }

  async #release(): Promise<void> {
    const writer = this.#writer;
    this.#writer = undefined;
    this.#granted = Promise.withResolvers();
    await this.#members.release(this, writer);
  }

  /** Another program has changed what is kept, since the last call. */
  takeTouch(): boolean {
    const was = this.#isTouched;
    this.#isTouched = false;
    return was;
  }

  /** Somebody else has committed although we hold it, or it is not ours any more: which of both it is. */
  recheck(): Promise<void> {
    return this.#members.recheck(this);
  }

  // For Members alone.

  grant(writer: Writer): void {
    this.#lost = new AbortController();
    this.#handOver = new AbortController();
    this.#isTouched = false;
    this.#writer = writer;
    this.#granted.resolve();
  }

  lose(reason: string): void {
    this.#writer = undefined;
    this.#granted = Promise.withResolvers();
    this.#lost.abort(new LeaseLost(reason));
  }

  askBack(): void {
    this.#handOver.abort();
  }

  touch(): void {
    this.#isTouched = true;
  }
}
