/** Chance that can be repeated: the same seed and name give the same numbers. */

/** Numbers in [0, 1), like Math.random, which follow from the seed and the name of their use. */
export function randomOf(seed: number, use: string): () => number {
  // mulberry32: 32 bits of state are plenty here.
  let state = Number(BigInt(Bun.hash(`${seed} ${use}`)) & 0xffff_ffffn);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of MOLECULE_CHAOS_SEED, or a new one. */
export function seedOfTheDay(): number {
  const given = process.env.MOLECULE_CHAOS_SEED ?? "";
  if (given === "") return crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
  const seed = Number(given);
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new Error(`MOLECULE_CHAOS_SEED must be a whole number, not "${given}"`);
}
