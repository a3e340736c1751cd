/** The flag that makes a report a test. */
import { flag } from "../../cli/flag.ts";

export const failOn = flag({
  type: "enum",
  summary: "end with 1 where there is a finding of this level or a worse one",
  values: ["error", "warning"],
  placeholder: "level",
});
