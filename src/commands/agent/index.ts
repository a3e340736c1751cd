/** `molecule agent`: see agents, and talk to them through the platform. */
import { group } from "../../cli/command.ts";
import { inspect } from "./inspect.ts";
import { list } from "./list.ts";
import { peers } from "./peers.ts";
import { send } from "./send.ts";

export const agent = group({
  name: "agent",
  summary: "see agents, and talk to them",
  description: `On this platform a workspace is an agent: they share one id. These commands show it from the agent's
side; \`molecule workspace\` is for its operator.`,
  commands: [list, inspect, peers, send],
});
