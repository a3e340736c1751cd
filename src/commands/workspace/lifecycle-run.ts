/** `molecule workspace restart`, `pause` and `resume`: what they do. */
import type { Context } from "../../cli/command.ts";
import { MoleculeError } from "../../shared/errors.ts";
import { get, getNumber, getString, type JsonObject } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import { note, showWait, tell } from "../show.ts";
import { count } from "../../shared/count.ts";
import { connectCommand } from "../connect-command.ts";
import type { LifecycleValues } from "./lifecycle.ts";
import { withWorkspace } from "../which/resolve.ts";

/** Contract 1.1: those whose agents others run. */
export const EXTERNAL_RUNTIMES = ["external", "kimi", "kimi-cli"];

export function restart(values: LifecycleValues, context: Context): Promise<void> {
  return withWorkspace(values, context, "workspace", async (platform, id) => {
    const answer = await showWait(context, "restarting", () => platform.restart(id));
    // 200, but nothing was done (contract 3.1).
    if (getString(answer, "status") === "noop") {
      throw new MoleculeError(
        `nothing was restarted: the platform does not run the agent of workspace ${id}`,
        { hint: `Whoever runs it restarts it: ${connectCommand(context, id)}` },
      );
    }
    await tell(context, answer, `restarting ${id}`, { id });
  });
}

export function pause(values: LifecycleValues, context: Context): Promise<void> {
  return withWorkspace(values, context, "workspace", async (platform, id) => {
    const answer = await showWait(context, "pausing", () => platform.pause(id));
    await tell(context, answer, `paused ${id}${others(answer, "paused_count")}`, { id });
  });
}

export function resume(values: LifecycleValues, context: Context): Promise<void> {
  return withWorkspace(values, context, "workspace", async (platform, id) => {
    const row = await platform.workspace(id);
    const external = EXTERNAL_RUNTIMES.includes(getString(row, "runtime") ?? "");
    // Revision 1 would try to run it itself, and ends the pause when the agent registers; revision 2
    // leaves it paused then (contract 1.2, 3.1), and is told by what it shows (2.8).
    if (external && get(row, "last_heartbeat_at") === undefined) {
      throw new MoleculeError(
        `nothing was resumed: the platform does not run the agent of workspace ${id}`,
        { hint: `Its pause ends when its agent connects: ${connectCommand(context, id)}` },
      );
    }
    const answer = await showWait(context, "resuming", () => platform.resume(id));
    if (getNumber(answer, "resumed_count") === 0) {
      const status = oneLine(getString(row, "status") ?? "unknown", 40);
      throw new MoleculeError(
        `nothing was resumed: workspace ${id} is not paused, it is ${status}`,
        external
          ? { hint: `It comes online once its agent is there: ${connectCommand(context, id)}` }
          : {},
      );
    }
    const name = getString(row, "name");
    await tell(context, answer, `resumed ${id}${others(answer, "resumed_count")}`, {
      id,
      ...(name === undefined ? {} : { name }),
    });
    if (external) {
      note(context, `it comes online once its agent is there: ${connectCommand(context, id)}`);
    }
  });
}

/** Those that went with it. */
function others(answer: JsonObject, key: string): string {
  const more = (getNumber(answer, key) ?? 1) - 1;
  return more > 0 ? ` and ${count(more, "workspace")} below it` : "";
}
