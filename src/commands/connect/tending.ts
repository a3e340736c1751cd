/** Bridges that are started again where they fail: each has its own life. */
import { type FleetOptions, type Member, runFleet } from "../../fleet/fleet.ts";
import { whenAborted } from "../../shared/abortions.ts";
import { systemClock } from "../../shared/clock.ts";
import type { ExitCode } from "../../shared/errors.ts";
import { tellLifecycle } from "./lifecycle-lines.ts";
import type { Watcher } from "./observing.ts";
import type { Stops } from "./stopping.ts";
import type { Running } from "./watched.ts";
import type { Ready, WorkspaceRun } from "./workspace-run.ts";

/**
 * Answers the workspaces until they are stopped or have all ended for good, which gives the exit code (see
 * {@link runFleet}), and tells of each what becomes of it. `looked`: by the workspace's id what its first
 * start need not look for any more. Never rejects; what looks at them is closed at the end.
 */
export function tend(
  { watched, requests, observing }: Running,
  options: FleetOptions,
  { drain, now }: Stops,
  looked: ReadonlyMap<string, Ready> = new Map(),
): Promise<ExitCode> {
  const first = new Map(looked);
  const byId = new Map(watched.map((one) => [one.workspace.id, one]));
  const members = watched.map(({ workspace, watcher }): Member => {
    const run = async (drain: AbortSignal, now: AbortSignal, up: () => void) => {
      const ready = first.get(workspace.id) ?? (await readyUnless(drain, workspace));
      first.delete(workspace.id);
      if (ready === undefined) return;
      await workspace.serve(ready, requests, { drain, now }, (event) => {
        watcher.hear(event);
        if (event.type === "connected") up();
      });
    };
    return { id: workspace.id, run };
  });
  const parts = {
    clock: systemClock,
    random: Math.random,
    tell: (id: string, change: Parameters<Watcher["lifecycle"]>[0]) => {
      const one = byId.get(id);
      if (one === undefined) return;
      tellLifecycle(one.workspace.log(), change);
      one.watcher.lifecycle(change);
    },
  };
  return runFleet(members, options, parts, drain, now).finally(() => observing.close());
}

/** Undefined where it is stopped before that is found out. */
async function readyUnless(
  drain: AbortSignal,
  workspace: WorkspaceRun,
): Promise<Ready | undefined> {
  const looked = workspace.ready();
  const ready = await Promise.race([looked, whenAborted(drain).then(() => undefined)]);
  if (ready === undefined) void looked.catch(() => {});
  return ready;
}
