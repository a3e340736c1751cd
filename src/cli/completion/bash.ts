/** Completion in bash, from 3.2 on. It shows words without their summaries. */
import { shellQuoted } from "../../shared/shell-word.ts";
import type { Dialect } from "./dialect.ts";
import { shellTable, withCommon } from "./posix.ts";
import runtime from "./runtime.bash" with { type: "text" };

export const bash: Dialect = {
  runtime: withCommon(runtime),
  table: (name, rows) => shellTable(name, rows, ({ value }) => shellQuoted(value)),
};
