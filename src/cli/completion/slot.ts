import type { Offer } from "./offer.ts";
import type { Setting } from "./tables.ts";

/**
 * What stands for a value, as variables of a script: `kind` is `text`, `file`, `folder`, `words` (with
 * `choices`), `listed` (with `list`, the file) or `pairs` (with `scope`, and `by`, the flag that decides
 * on the keys).
 */
export function slot(scope: string, offer: Offer | undefined): Setting[] {
  if (offer === undefined) return [["kind", "text"]];
  if (typeof offer === "string") return [["kind", offer]];
  if ("by" in offer) {
    return [
      ["kind", "pairs"],
      ["by", `--${offer.by}`],
      ["scope", scope],
    ];
  }
  if ("listed" in offer) {
    return [
      ["kind", "listed"],
      ["list", offer.listed],
    ];
  }
  return [
    ["kind", "words"],
    ["choices", offer],
  ];
}
