/** The ends of a bridge: of its taking work, of its work, and of what runs beside it. */

/** The signals that end a bridge, in the order in which they come. */
export interface Stops {
  /** Take no new work. */
  drain: AbortSignal;
  /** End what is running, too. */
  cut: AbortSignal;
  /** End what runs beside the work: heartbeats, the watchdog. */
  life: AbortSignal;
}

/** What is asked of a bridge from outside: to finish what is in hand, or to stop at once. */
export interface Asked {
  asked: AbortSignal;
  now: AbortSignal;
}

/** The stops that follow from what is asked, and the ways to bring them about. */
export function makeStops({ asked, now }: Asked) {
  /** The run has to end although nobody asked for it. */
  const ending = new AbortController();
  const cut = new AbortController();
  const life = new AbortController();
  // It outlives the bridge where several are run, one after the other.
  now.addEventListener("abort", () => cut.abort(), { once: true, signal: life.signal });
  if (now.aborted) cut.abort();
  const drain = AbortSignal.any([asked, now, ending.signal]);
  const stops: Stops = { drain, cut: cut.signal, life: life.signal };
  return { stops, ending, cut, life };
}
