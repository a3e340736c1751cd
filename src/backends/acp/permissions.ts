/** What an agent hears that asks whether it may do something (ACP, "Requesting Permission"). */
import { get, getArray, getString } from "../../shared/json.ts";

export type Permissions = "deny" | "allow";

/** The answer to `session/request_permission`. */
export type PermissionOutcome =
  { outcome: "selected"; optionId: string } | { outcome: "cancelled" };

const KINDS: Record<Permissions, readonly string[]> = {
  deny: ["reject_once", "reject_always"],
  // For this once, where there is a choice: the next message may be another's.
  allow: ["allow_once", "allow_always"],
};

/** Chooses among the options that the agent offers; `cancelled` where none of them fits the policy. */
export function choose(policy: Permissions, params: unknown): PermissionOutcome {
  const options = getArray(params, "options") ?? [];
  for (const kind of KINDS[policy]) {
    const found = options.find((option) => getString(option, "kind") === kind);
    const optionId = getString(found, "optionId");
    if (optionId !== undefined) return { outcome: "selected", optionId };
  }
  return { outcome: "cancelled" };
}

/** What it wants to do, in its own words; a stranger's text. */
export function wanted(params: unknown): string {
  const call = get(params, "toolCall");
  const title = getString(call, "title") ?? getString(call, "kind") ?? "use a tool";
  // Some have one title for all commands.
  const command = commandIn(get(call, "rawInput"));
  return command === undefined || title.includes(command) ? title : `${title} ${command}`;
}

function commandIn(input: unknown): string | undefined {
  const words = getArray(input, "command");
  return getString(input, "command") ?? words?.filter((word) => typeof word === "string").join(" ");
}
