/** Completion in bash, from 3.2 on. It shows words without their summaries. */
import { shellQuoted } from "../../shared/shell-word.ts";
import { type Dialect, withPart } from "./dialect.ts";
import { shellTable, withCommon } from "./posix.ts";
import listed from "./listed.bash" with { type: "text" };
import runtime from "./runtime.bash" with { type: "text" };

export const bash: Dialect = {
  runtime: withCommon(withPart(runtime, "listed", listed)),
  table: (name, rows) => shellTable(name, rows, ({ value }) => shellQuoted(value)),
};
