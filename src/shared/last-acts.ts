/** What has to be done before the process is gone, however it ends: so that none of our children outlives it, say. */

const acts = new Set<() => void>();

/**
 * Has `act` done at the end, also after a crash: synchronous, and free to be done twice. Must not throw.
 * To be called as the module that needs it is loaded, so that the end need not load it.
 */
export function atEnd(act: () => void): void {
  acts.add(act);
}

/** Does them all, in the order in which they were named. */
export function doLastActs(): void {
  for (const act of acts) act();
}
