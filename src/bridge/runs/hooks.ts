/** What a backend tells while it runs, taken so that whoever listens can't disturb the run. */
import type { RunHooks } from "../../backends/backend.ts";

/**
 * The same hooks, none of which throws or rejects, as {@link RunHooks} promises. What goes wrong is the
 * listeners' own affair: all that they do is a second net, or a courtesy.
 */
export function harmless(hooks: Required<RunHooks>): Required<RunHooks> {
  return {
    async onChild(pid, identity) {
      try {
        await hooks.onChild(pid, identity);
      } catch {}
    },
    onTask: (task) => attempt(() => hooks.onTask(task)),
    onText: (text) => attempt(() => hooks.onText(text)),
  };
}

function attempt(tell: () => void): void {
  try {
    tell();
  } catch {}
}
