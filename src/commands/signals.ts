/** First signal: finish what is in hand. Second: stop now. */
import { readFileSync } from "node:fs";

/**
 * Calls `first` on the first of SIGINT, SIGTERM, SIGHUP, and `second` on every further one and on
 * SIGQUIT.
 */
export function onStopSignals(first: () => void, second: () => void): void {
  let told = false;
  const handle = () => {
    if (told) return second();
    told = true;
    first();
  };
  process.on("SIGINT", handle);
  process.on("SIGTERM", handle);
  // It asks for an end without ceremony, and children of a dead bridge would live on.
  process.on("SIGQUIT", second);
  // A closed terminal asks us to stop, unless we were started by nohup.
  if (!isIgnored(1)) process.on("SIGHUP", handle);
}

/** Whether we were started with this signal ignored; only Linux tells. */
function isIgnored(signal: number): boolean {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & (1n << BigInt(signal - 1))) !== 0n;
  } catch {
    return false;
  }
}
