import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WINDOWS } from "./platform.ts";

/** A folder that goes away at the end of its `using` scope; its path has no links on the way. */
export function tmpFolder(): { path: string } & Disposable {
  // macOS has a link to its temporary files, and the tool speaks of real paths.
  const path = mkdtempSync(join(realpathSync(tmpdir()), "molecule-test-"));
  return { path, [Symbol.dispose]: () => removeAll(path) };
}

/** Windows keeps what is still open for a moment, by a scanner for viruses or a child that just ends. */
function removeAll(path: string): void {
  for (const end = performance.now() + 5_000; ; Bun.sleepSync(20)) {
    try {
      return rmSync(path, { recursive: true, force: true });
    } catch (error) {
      const code = String((error as { code?: unknown }).code);
      if (!WINDOWS || !/^(EBUSY|EPERM|EACCES|ENOTEMPTY)$/.test(code)) throw error;
      // What is left there is no fault of the test.
      if (performance.now() >= end) return;
    }
  }
}
