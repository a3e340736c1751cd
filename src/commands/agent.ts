/** `molecule agent`: talk to agents through the platform. */
import { group } from "../cli/command.ts";
import { send } from "./agent-send.ts";

export const agent = group({ name: "agent", summary: "talk to agents", commands: [send] });
