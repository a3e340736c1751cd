/** What workspaces are called in the log that they share. */
import { oneLine } from "../../shared/text.ts";
import type { Chosen } from "./workspaces.ts";

/** Characters of a name. */
const LONGEST = 40;
/** So much of an id tells it from others, as a rule. */
const SHORT = 8;

/** By id: the agent's name, or the beginning of the id, where no other one has the same; none for one alone. */
export function namesOf(all: readonly Pick<Chosen, "id" | "flags">[]): ReadonlyMap<string, string> {
  if (all.length < 2) return new Map();
  const called = all.map(({ id, flags }) => [id, oneLine(flags.agentName ?? "", LONGEST)] as const);
  const names = new Map(called.filter(([, name]) => name !== "" && isOnly(name, called)));
  const short = all.map(({ id }) => [id, id.slice(0, SHORT)] as const);
  for (const [id, begin] of short) {
    if (!names.has(id)) names.set(id, isOnly(begin, short) ? begin : id);
  }
  return names;
}

function isOnly(name: string, all: readonly (readonly [id: string, name: string])[]): boolean {
  return all.filter(([, other]) => other === name).length === 1;
}
