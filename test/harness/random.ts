/** Chance that can be repeated: the same seed and name give the same numbers. */
import { seededRandom } from "../../src/shared/random.ts";

/** Numbers in [0, 1), like Math.random, which follow from the seed and the name of their use. */
export function randomOf(seed: number, use: string): () => number {
  return seededRandom(Number(BigInt(Bun.hash(`${seed} ${use}`)) & 0xffff_ffffn));
}

/** The seed of MOLECULE_CHAOS_SEED, or a new one. */
export function seedOfTheDay(): number {
  const given = process.env.MOLECULE_CHAOS_SEED ?? "";
  if (given === "") return crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
  const seed = Number(given);
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new Error(`MOLECULE_CHAOS_SEED must be a whole number, not "${given}"`);
}
