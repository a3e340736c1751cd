/** Trees of commands: parts of them that are loaded when they are needed, and the way through all. */
import type { Later, Node } from "./command.ts";

/**
 * A command or group whose declaration is loaded where its name is met: no start pays for those that it
 * does not run. Its name and summary are said here as well, for help.
 */
export function later(name: string, summary: string, load: () => Promise<Node>): Later {
  let loaded: Node | undefined;
  return {
    kind: "later",
    meta: { name, description: summary, hidden: false },
    load: async () => (loaded ??= await load()),
    get node() {
      if (loaded === undefined) throw new Error(`${name} was not loaded`);
      return loaded;
    },
  };
}

/** Loads every declaration below a node, so that {@link walk} finds them. */
export async function loadAll(node: Node): Promise<void> {
  if (node.kind === "command") return;
  for (const child of Object.values(node.subCommands)) {
    await loadAll(child.kind === "later" ? await child.load() : child);
  }
}

/**
 * Every group and command below a node, with the words that lead to it; the node itself first. The main
 * command of a group has no words of its own, and so is found by {@link commandAt} alone. All must be
 * loaded: see {@link loadAll}.
 */
export function walk(node: Node, path: readonly string[] = [node.meta.name]): Place[] {
  const below = node.kind === "command" ? [] : Object.entries(node.subCommands);
  return [
    { path, node },
    ...below.flatMap(([name, next]) =>
      walk(next.kind === "later" ? next.node : next, [...path, name]),
    ),
  ];
}

/** A group or command, and the words that lead to it. */
interface Place {
  path: readonly string[];
  node: Node;
}
