/** The items of a list: each is judged as a file is, by the flags that it may set. */
import type { Secrets } from "../../shared/secrets.ts";
import { oneLine } from "../../shared/text.ts";
import type { Env } from "../command.ts";
import type { Items } from "../flag.ts";
import type { ConfigItem, FileValue, Problem } from "./config.ts";
import { ConfigKeys } from "./keys.ts";
import { type Grounds, readEntry } from "./values.ts";
import { snake } from "./variables.ts";
import type { YamlEntry, YamlItem } from "./yaml.ts";

/** What an item is judged by. `keys`: those that stand outside of lists. */
export interface ItemParts {
  readonly keys: Keys;
  readonly grounds: Grounds;
  readonly secrets: Secrets;
  readonly env: Env;
}

type Keys = Pick<ConfigKeys, "get" | "secrets" | "fault">;

/** Where a value of an item stands, by its line. */
type At = (line: number) => Omit<FileValue, "key" | "texts" | "items">;

/** The items that are good, and what is wrong with the others. */
export function readItems(
  { key, value, line }: Pick<YamlEntry, "key" | "value" | "line">,
  { key: name, flags }: Items,
  parts: ItemParts,
  at: At,
): { items: readonly ConfigItem[]; problems: readonly Problem[] } {
  const whole = (message: string) => {
    const hint = `Each begins with '- ${snake(name)}: …', and its other keys stand below that.`;
    return { items: [], problems: [{ message: `${key} ${message}`, line, hint }] };
  };
  if (value.kind === "wrong") return whole(value.message);
  if (value.kind === "list" && value.texts.length === 0) return { items: [], problems: [] };
  if (value.kind !== "items") return whole("must be a list of mappings");
  const inner = keysOf(key, flags, parts.keys);
  const items: ConfigItem[] = [];
  const problems: Problem[] = [];
  const first = new Map<string, number>();
  for (const item of value.items) {
    const read = readItem(item, inner, parts, at);
    const id = read.values.get(snake(name));
    const before = id === undefined ? undefined : first.get(idOf(id));
    problems.push(...read.problems);
    if (id === undefined) {
      // Where it is there, and wrong, that is told.
      if (!item.entries.some((one) => one.key === snake(name))) {
        const message = `an item of ${key} has no "${snake(name)}"`;
        problems.push({ message, line: item.line, hint: undefined });
      }
    } else if (before !== undefined) {
      const message = `${key} has "${oneLine(idOf(id), 60)}" a second time, after line ${before}`;
      problems.push({ message, line: id.line, hint: "Remove one of the two." });
    } else {
      first.set(idOf(id), id.line);
      items.push({ origin: at(item.line).origin, values: read.values });
    }
  }
  return { items, problems };
}

function readItem(
  { entries, problems: found }: YamlItem,
  keys: Keys,
  { grounds, secrets, env }: ItemParts,
  at: At,
): { values: Map<string, FileValue>; problems: Problem[] } {
  const values = new Map<string, FileValue>();
  const problems = [...found];
  for (const entry of entries) {
    const read = readEntry(entry, keys, grounds, secrets);
    if ("problem" in read) {
      problems.push(read.problem);
      continue;
    }
    const { key, line } = entry;
    const place = at(line);
    if (keys.get(key)?.flag.namesSecret === true && place.doubt === undefined) {
      for (const variable of read.texts) secrets.add(env[variable]);
    }
    if (!values.has(key)) values.set(key, { key, texts: read.texts, ...place });
  }
  return { values, problems };
}

/** The keys of an item. One that stands only outside of it is told from one that is none at all. */
function keysOf(list: string, flags: Items["flags"], outer: Keys): Keys {
  const inner = new ConfigKeys([flags]);
  return {
    get: (key) => inner.get(key),
    secrets: () => outer.secrets(),
    fault(key) {
      if (outer.secrets().some((one) => one.key === key)) return outer.fault(key);
      if (outer.get(key) === undefined) return inner.fault(key);
      return {
        message: `"${oneLine(key, 60)}" can't be set for one item of ${list}`,
        hint: "It holds for all of them: set it outside of the list.",
      };
    },
  };
}

/** Ids of UUID's form are the same in either case. */
function idOf({ texts }: FileValue): string {
  return (texts[0] ?? "").toLowerCase();
}
