/** Completion in zsh, as a function for its completion system. */
import { shellQuoted } from "../../shared/shell-word.ts";
import { type Dialect, summaryOf, withPart } from "./dialect.ts";
import type { Choice } from "./offer.ts";
import { shellTable, withCommon } from "./posix.ts";
import listed from "./listed.zsh" with { type: "text" };
import runtime from "./runtime.zsh" with { type: "text" };

export const zsh: Dialect = {
  runtime: withCommon(withPart(runtime, "listed", listed)),
  table: (name, rows) => shellTable(name, rows, (choice) => shellQuoted(described(choice))),
};

/** As `_describe` reads it: the first bare colon parts the word from its summary. */
function described(choice: Choice): string {
  const value = choice.value.replace(/[\\:]/g, "\\$&");
  const summary = summaryOf(choice);
  return summary === "" ? value : `${value}:${summary}`;
}
