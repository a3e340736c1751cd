/** The workspaces of a process, and what looks at them while they are answered. */
import { OpenRequests, requestCap } from "../../bridge/open-requests.ts";
import { observe, type Observing, type ObservingParts, type Watcher } from "./observing.ts";
import type { WorkspaceRun } from "./workspace-run.ts";

/** A workspace, and what looks at it. */
export interface Watched {
  readonly workspace: WorkspaceRun;
  readonly watcher: Watcher;
}

/** What the bridges of a process run with. */
export interface Running {
  readonly watched: readonly Watched[];
  /** HTTP requests that their backends hold open, all together. */
  readonly requests: OpenRequests;
  readonly observing: Observing;
}

/** Sets up what looks at the workspaces. Nothing is begun; no I/O. */
export async function watch(
  workspaces: readonly WorkspaceRun[],
  parts: ObservingParts,
): Promise<Running> {
  const observing = observe(parts);
  const watched = workspaces.map((workspace) => ({
    workspace,
    watcher: observing.member({
      workspaceId: workspace.id,
      name: workspace.setup.chosen.flags.agentName,
      backend: workspace.setup.type.name,
      mode: workspace.setup.chosen.flags.mode,
      intervalMs: workspace.setup.chosen.flags.intervalMs,
      heartbeatMs: workspace.setup.chosen.flags.heartbeatMs,
      counts: () => workspace.counts(),
      overdue: () => workspace.overdue(),
    }),
  }));
  const held = await Promise.all(workspaces.map((workspace) => workspace.requests()));
  const requests = new OpenRequests(
    requestCap(parts.context.env),
    held.reduce((sum, one) => sum + one, 0),
  );
  return { watched, requests, observing };
}
