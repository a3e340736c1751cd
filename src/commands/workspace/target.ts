/** How a command names the workspace that it is about. */
import { WORKSPACES } from "../which/workspace-offer.ts";

export const target = {
  name: "workspaceId",
  summary: "id of the workspace, or its name where an admin token lets names be looked up",
  required: true,
  complete: WORKSPACES,
} as const;
