import type { Emit } from "../events.ts";
import type { BridgeParts } from "../parts.ts";

/**
 * The way from a refused token to a newer one, for all loops together: the first 401 starts the wait
 * and is told, the others join it.
 */
export class Renewal {
  readonly #parts: Pick<BridgeParts, "token" | "clock"> & { emit: Emit };
  readonly #end: AbortSignal;
  #waiting: Promise<boolean> | undefined;
  #expecting: Promise<boolean> | undefined;

  /** `end` ends a wait for everyone. */
  constructor(parts: Pick<BridgeParts, "token" | "clock" | "emit">, end: AbortSignal) {
    this.#parts = parts;
    this.#end = end;
  }

  /** Resolves with whether there is a token other than the refused one; false once `stop` aborts. */
  async renew(refused: string | undefined, stop: AbortSignal): Promise<boolean> {
    this.#waiting ??= this.#wait(refused).finally(() => (this.#waiting = undefined));
    const stopped = Promise.withResolvers<boolean>();
    const end = () => stopped.resolve(false);
    stop.addEventListener("abort", end, { once: true });
    if (stop.aborted) end();
    try {
      return await Promise.race([this.#waiting, stopped.promise]);
    } finally {
      stop.removeEventListener("abort", end);
    }
  }

  /**
   * A newer token was announced, and the one of the moment is not refused yet: looks for it as long as
   * its source may take, once however often it is announced. Resolves with whether there is one.
   */
  expect(): Promise<boolean> {
    return (this.#expecting ??= this.#expect().finally(() => (this.#expecting = undefined)));
  }

  async #expect(): Promise<boolean> {
    const { token, clock, emit } = this.#parts;
    const before = token.value;
    emit({ type: "credentials-rotated", origin: token.origin, awaited: token.mayChange });
    const renewed = await token.renew(before, clock, true, this.#end);
    if (renewed && token.value !== before && this.#waiting === undefined) {
      emit({ type: "token-changed", origin: token.origin });
    }
    return renewed;
  }

  async #wait(refused: string | undefined): Promise<boolean> {
    const { token, clock, emit } = this.#parts;
    if (token.value === refused && token.mayChange) {
      emit({ type: "token-refused", origin: token.origin, waitMs: token.patienceMs });
    }
    const before = token.value;
    const renewed = await token.renew(refused, clock, true, this.#end);
    if (renewed && token.value !== before) emit({ type: "token-changed", origin: token.origin });
    return renewed;
  }
}
