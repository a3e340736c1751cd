/** Completion in bash, from 3.2 on. It shows words without their summaries. */
import type { Dialect } from "./dialect.ts";
import { quoted, shellTable } from "./posix.ts";
import runtime from "./runtime.bash" with { type: "text" };

export const bash: Dialect = {
  runtime,
  table: (name, rows) => shellTable(name, rows, ({ value }) => quoted(value)),
};
