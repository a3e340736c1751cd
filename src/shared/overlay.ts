/**
 * The object with some of its members replaced. What is not replaced goes to the object itself, so that
 * one with private fields may be overlaid, too. A change of undefined replaces nothing.
 */
export function overlay<T extends object>(target: T, change: Partial<T>): T {
  return new Proxy(target, {
    get(_, key) {
      const changed: unknown = Object.hasOwn(change, key) ? Reflect.get(change, key) : undefined;
      if (changed !== undefined) return changed;
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
