/** A folder for what is compiled and measured, of which nothing is left over. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** By convention 128 and the number of the signal. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * A new folder, which lives as long as `work` lasts; its name starts with the prefix. It is also
 * removed where the program is told to end by SIGINT or SIGTERM.
 */
export async function withTempFolder<T>(
  prefix: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const handlers = Object.entries(SIGNALS).map(([signal, code]) => {
    const handler = () => {
      remove();
      process.exit(code);
    };
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  try {
    return await work(folder);
  } finally {
    for (const [signal, handler] of handlers) process.off(signal, handler);
    remove();
  }
}
