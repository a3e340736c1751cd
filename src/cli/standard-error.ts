import { systemClock } from "../shared/clock.ts";
import { atEnd } from "../shared/last-acts.ts";
import { LineQueue, type WriteBytes } from "./line-queue.ts";

/** The one way to standard error of the whole process. */
export const standardError = new LineQueue((bytes) => write(bytes), systemClock);

// A question, or what is going on, is none of what a program leaves behind.
atEnd(() => standardError.show(""));

/** Opened at the first line: most runs have none to tell. */
let write: WriteBytes = (bytes) => {
  write = openWriter();
  return write(bytes);
};

/**
 * A pipe that nobody reads, or a terminal that is held (Ctrl-S), would stop a plain write, and the
 * whole process with it. To make the descriptor itself non-blocking would make it so for everyone
 * who shares it, so Linux opens another one on the same pipe or terminal. Where that can't be
 * (sockets, other systems), a thread of the pool waits: there are as few as two, so it is second best.
 */
function openWriter(): WriteBytes {
  const fs = process.getBuiltinModule("node:fs");
  const own = openOwn();
  if (own !== undefined) return (bytes) => fs.writeSync(own, bytes);
  return (bytes) =>
    new Promise((resolve, reject) => {
      fs.write(2, bytes, (error, count) => (error === null ? resolve(count) : reject(error)));
    });
}

/** A descriptor on which no write waits for a reader, if there is one. */
function openOwn(): number | undefined {
  const { constants, fstatSync, openSync } = process.getBuiltinModule("node:fs");
  try {
    const kind = fstatSync(2);
    // Not opened again: the place that others write at in the same file has to move along.
    if (kind.isFile()) return 2;
    if (process.platform !== "linux" || !(kind.isFIFO() || kind.isCharacterDevice())) return;
    const { O_WRONLY, O_NONBLOCK, O_NOCTTY } = constants;
    return openSync("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY);
  } catch {
    // Another user's pipe, or no /proc.
    return undefined;
  }
}
