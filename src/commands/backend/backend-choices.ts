/** The backends and their options as a shell offers them for `--backend` and `--backend-opt`. */
import type { BackendOption, BackendType } from "../../backends/backend.ts";
import type { Choice, PairKey, PairSet } from "../../cli/completion/offer.ts";

/** The names of the backends. */
export function backendNames(types: readonly BackendType[]): Choice[] {
  return types.map(({ name, summary }) => ({ value: name, summary }));
}

/** The options of each backend, with their values where those are known. */
export function backendOptions(types: readonly BackendType[]): PairSet[] {
  return types.map(({ name, options }) => ({
    of: name,
    keys: Object.entries(options).map(([key, option]) => pairKey(key, option)),
  }));
}

function pairKey(key: string, { type, summary, values, complete, named }: BackendOption): PairKey {
  const words = type === "boolean" ? ["true", "false"] : values;
  const offered = complete ?? words?.map((value) => ({ value }));
  return {
    key: named === true ? `${key}.` : key,
    summary,
    ...(named === true ? { open: true } : {}),
    ...(offered === undefined ? {} : { values: offered }),
  };
}
