import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that goes away at the end of its `using` scope. */
export function tmpFolder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "molecule-test-"));
  return {
    path,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
