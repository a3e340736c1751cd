/** First signal: finish what is in hand. Second: stop now. */
import { readFileSync } from "node:fs";
import { systemClock, type Clock } from "../shared/clock.ts";

/** A wrapper (timeout, npx) that passes a signal on, to a process that got it as well, is this quick. */
const ECHO_MS = 200;

/**
 * Calls `first` on the first of SIGINT, SIGTERM, SIGHUP, and `second` on every further one and on
 * SIGQUIT. The same signal at once again is the echo of the first.
 */
export function onStopSignals(
  first: () => void,
  second: () => void,
  on: (signal: NodeJS.Signals, handler: () => void) => void = (signal, handler) =>
    void process.on(signal, handler),
  clock: Pick<Clock, "monotonic"> = systemClock,
): void {
  let told: { signal: string; at: number } | undefined;
  const handle = (signal: string) => () => {
    const at = clock.monotonic();
    if (told === undefined) {
      told = { signal, at };
      first();
    } else if (signal !== told.signal || at - told.at > ECHO_MS) second();
  };
  on("SIGINT", handle("SIGINT"));
  on("SIGTERM", handle("SIGTERM"));
  // It asks for an end without ceremony, and children of a dead bridge would live on.
  on("SIGQUIT", second);
  // A closed terminal asks us to stop, unless we were started by nohup.
  if (!isIgnored(1)) on("SIGHUP", handle("SIGHUP"));
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
