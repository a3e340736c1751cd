/** Chance that can be repeated: numbers in [0, 1), like Math.random, that follow from the seed alone. */
export function seededRandom(seed: number): () => number {
  // mulberry32 (public domain): 32 bits of state are plenty for choosing.
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
