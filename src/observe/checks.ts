/** What must hold for a workspace's messages to be answered. */
import type { WorkspaceStatus } from "./status.ts";

/** One of these things; `reason` where it does not hold. */
export interface Check {
  name: "registered" | "feed" | "heartbeat" | "backend";
  reason: string | undefined;
}

/** Why no messages are taken in this state; undefined where they are. */
export function unregistered(state: WorkspaceStatus["state"]): string | undefined {
  switch (state) {
    // It does all that it is there for.
    case "standby":
    case "connected":
    case "troubled":
      return undefined;
    case "starting":
      return "it is not registered with the platform yet";
    case "waiting":
      return "another bridge has the workspace";
    case "draining":
      return "it is stopping";
    case "stopped":
      return "it has stopped";
    case "failed":
      return "it failed";
  }
}
