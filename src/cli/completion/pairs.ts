import type { Choice, PairKey, Pairs } from "./offer.ts";
import type { Row } from "./tables.ts";
import { slot } from "./slot.ts";

/** The keys of pairs, for each value of the flag that decides on them, and all where it says none. */
export function keyRows(scope: string, { sets }: Pairs): Row[] {
  const rows = sets.map(({ of, keys }): Row => {
    const words = keys.map((key) => ({ value: typed(key), summary: key.summary }));
    return { keys: [`${scope} ${of}`], sets: [["choices", words]] };
  });
  const all = byKey(sets).map(([key, found]) => ({ value: key, summary: whose(found) }));
  return [...rows, { keys: [scope], sets: [["choices", all]] }];
}

/** What the values of the keys may be, where that is known. */
export function pairRows(scope: string, { sets }: Pairs): Row[] {
  const rows = sets.flatMap(({ of, keys }) =>
    keys.flatMap(({ key, values }): Row[] =>
      values === undefined ? [] : [{ keys: [`${scope} ${of} ${key}`], sets: slot("", values) }],
    ),
  );
  const all = byKey(sets).flatMap(([, found]): Row[] => {
    const values = union(found.map(({ key }) => key.values));
    if (values === undefined) return [];
    return [{ keys: [`${scope} ${found[0]?.key.key}`], sets: slot("", values) }];
  });
  return [...rows, ...all];
}

interface Found {
  readonly of: string;
  readonly key: PairKey;
}

/** Up to where the value begins. */
function typed({ key, open }: PairKey): string {
  return open === true ? key : `${key}=`;
}

function byKey(sets: Pairs["sets"]): [typed: string, found: Found[]][] {
  const found = sets.flatMap(({ of, keys }) => keys.map((key) => ({ of, key })));
  return [...Map.groupBy(found, ({ key }) => typed(key))];
}

/** Whose key it is; and what it means, if it means one thing. */
function whose(found: readonly Found[]): string {
  const names = found.map(({ of }) => of).join(", ");
  const summaries = new Set(found.map(({ key }) => key.summary));
  return summaries.size === 1 ? `${names}: ${[...summaries].join("")}` : names;
}

function union(all: readonly PairKey["values"][]): PairKey["values"] {
  const words = new Map<string, Choice>();
  for (const values of all) {
    if (typeof values === "string") return values;
    for (const word of values ?? []) words.set(word.value, words.get(word.value) ?? word);
  }
  return words.size === 0 ? undefined : [...words.values()];
}
