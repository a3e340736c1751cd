/**
 * All of standard input, to its end. Rejects with the system's error where it can't be read.
 *
 * On Windows not by `Bun.stdin`: since Bun 1.4.0 a read of it does not keep the process from ending,
 * silently and with 0 (oven-sh/bun#41850). Elsewhere not by `readFile`, which fails on an input that
 * somebody has made non-blocking.
 */
export function readStandardInput(): Promise<string> {
  if (process.platform !== "win32") return Bun.stdin.text();
  const { readFile } = process.getBuiltinModule("node:fs");
  return new Promise((resolve, reject) => {
    readFile(0, "utf8", (error, text) => (error === null ? resolve(text) : reject(error)));
  });
}
