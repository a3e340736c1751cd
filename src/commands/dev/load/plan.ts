/** Which message of a load is due when, who sends it, and what it says. */
import { seededRandom } from "../../../shared/random.ts";
import { formatCode } from "./code.ts";

export interface Load {
  /** How many messages. */
  n: number;
  /** Of them a second. */
  rate: number;
  /** Names of those who send them; at least one. */
  from: readonly string[];
  /** `{i}`, `{n}`, `{from}` and `{code}` in it are filled in. */
  text: string;
  seed: number;
  /** A word of this run alone, for the codes. */
  run: string;
}

/** One message of the load. */
export interface Planned {
  /** From 1. */
  number: number;
  /** Its sender's place in {@link Load.from}. */
  from: number;
  /** Milliseconds after the start. */
  dueMs: number;
  text: string;
}

/** All messages in the order in which they are due. Senders take turns, in a new order each round. */
export function plan(load: Load): Planned[] {
  const random = seededRandom(load.seed);
  const planned: Planned[] = [];
  while (planned.length < load.n) {
    const round = shuffled(load.from.length, random).slice(0, load.n - planned.length);
    for (const from of round) {
      const dueMs = (planned.length * 1_000) / load.rate;
      const number = planned.length + 1;
      planned.push({ number, from, dueMs, text: fill(load, number, load.from[from] ?? "") });
    }
  }
  return planned;
}

function fill({ text, n, run }: Load, number: number, from: string): string {
  const values = { i: String(number), n: String(n), from, code: formatCode({ run, number }) };
  return text.replace(/\{(i|n|from|code)\}/g, (_, mark: keyof typeof values) => values[mark]);
}

/** The numbers below `count` in an order of chance (Fisher and Yates). */
function shuffled(count: number, random: () => number): number[] {
  const numbers = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [numbers[i], numbers[j]] = [numbers[j] ?? j, numbers[i] ?? i];
  }
  return numbers;
}
