/** `molecule dev` as it is declared: the platform on this machine, and what is done to it. */
import { group } from "../../cli/command.ts";
import { fault } from "./fault.ts";
import { send } from "./send.ts";
import { serve } from "./serve.ts";

export const dev = group({
  name: "dev",
  summary: "run a small platform on this machine, to try things out",
  main: serve,
  commands: [send, fault],
  examples: [...serve.examples, "molecule dev send --n 100"],
});
