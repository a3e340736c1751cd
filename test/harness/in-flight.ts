/** Calls that have begun and not ended. */
import { Bell } from "./wait.ts";

export class InFlight {
  /** Rings at each end. */
  readonly #bell: Bell;
  count = 0;

  constructor(bell = new Bell()) {
    this.#bell = bell;
  }

  /** The object, its asynchronous methods counted: all of them, or those that are named. */
  watch<T extends object>(target: T, only?: readonly (keyof T)[]): T {
    return new Proxy(target, {
      get: (_, key) => {
        const value: unknown = Reflect.get(target, key);
        if (typeof value !== "function") return value;
        if (only?.includes(key as keyof T) === false) return value.bind(target);
        return (...args: unknown[]): unknown => {
          const result: unknown = value.apply(target, args);
          return result instanceof Promise ? result.finally(this.begin()) : result;
        };
      },
    });
  }

  /** One begins; what it gives is to be called at its end, and may be called again. */
  begin(): () => void {
    this.count += 1;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.count -= 1;
      this.#bell.ring();
    };
  }

  /** Resolves once none is. */
  async none(): Promise<void> {
    if (this.count > 0) await this.#bell.until(() => this.count === 0, "the calls' end");
  }
}
