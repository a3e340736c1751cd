/** The environment of an agent. */
import type { Guard } from "./guard.ts";
import type { AgentCommand } from "./presets.ts";
import type { BackendParts } from "../backend.ts";
import { childEnv, RUN_ID } from "../process/child-env.ts";

/** The operator's, with what its command and its guard want; `run` marks all that it starts. */
export function agentEnv(
  { command, guard }: { command: AgentCommand; guard: Guard },
  parts: Pick<BackendParts, "env" | "secrets">,
  run: string,
): Record<string, string> {
  const theirs = { ...command.env, ...childEnv(parts) };
  return { ...theirs, ...command.walls, ...guard.env, [RUN_ID]: run };
}
