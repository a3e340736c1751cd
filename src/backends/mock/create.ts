/** A backend that needs nothing: answers with a template. For trying things out. */
import type { Backend, OptionValues } from "../backend.ts";

/** The backend of these options. Throws nothing. */
export function createMock(options: OptionValues): Backend {
  const template = String(options.reply);
  return {
    timeoutMs: 1_000,
    takesEmptyText: false,
    costsMoney: false,
    reportsCost: false,
    readsFiles: false,
    leavesFiles: false,
    concurrency: 8,
    async check() {},
    async run(request, signal) {
      if (signal.aborted) return { kind: "stopped" };
      // By a function, since a `$&` in a replacement text has a meaning of its own.
      const text = template.replaceAll("%s", () => request.text);
      return { kind: "answer", text };
    },
  };
}
