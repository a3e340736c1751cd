/** `--allow-from`, as it is written on the command line. */
import type { AllowFrom } from "../../bridge/parts.ts";
import { isUuid } from "../../shared/ids.ts";

/** What is wrong with another form, as a phrase after the flag's name. */
export const ALLOW_FROM_FORM =
  "must be all, or canvas, peers and ids of workspaces (UUIDs), separated by commas";

/** Who may ask: `all` alone, or a list of `canvas`, `peers` and ids. Undefined for any other text. */
export function parseAllowFrom(text: string): AllowFrom | undefined {
  // Ids are UUIDs, which are the same in either case.
  const words = text.split(",").map((word) => word.trim().toLowerCase());
  const all = words.includes("all");
  if (all && words.length > 1) return undefined;
  const ids = words.filter((word) => !["all", "canvas", "peers"].includes(word));
  // A misspelt word would let nobody in, and look like a workspace.
  if (!ids.every(isUuid)) return undefined;
  return {
    canvas: all || words.includes("canvas"),
    peers: all || words.includes("peers") ? "all" : new Set(ids),
  };
}
