/** What the platform answers to: the contract as a table. All else is 404. */
import { send } from "./a2a.ts";
import { acknowledge, listActivity } from "./activity.ts";
import { createWorkspace, rotate } from "./create.ts";
import { heartbeat } from "./heartbeat.ts";
import { register } from "./register.ts";
import { notify } from "./notify.ts";
import { reportActivity } from "./report.ts";
import { REVISIONS, type Revision, type RevisionName } from "./revision.ts";
import { route, type Route } from "./router.ts";
import { createToken, listTokens, revokeToken } from "./tokens.ts";
import { acknowledgeFile, showFile, showUploadLimits, upload } from "./uploads.ts";
import {
  changeAbilities,
  deleteWorkspace,
  listPeers,
  listWorkspaces,
  pause,
  resume,
  showState,
  showWorkspace,
} from "./workspaces.ts";

const routesOf = ({ acknowledgements, peers }: Revision): readonly Route[] => [
  // 1.9
  route("GET", "/health", "open", () => Response.json({ status: "ok" })),
  route("GET", "/buildinfo", "open", () => Response.json({ git_sha: "dev" })),
  route("GET", "/uploads/limits", "open", showUploadLimits),
  // 2.1, 2.2: they look at the token themselves, as the id is in the body
  route("POST", "/registry/register", "open", register),
  route("POST", "/registry/heartbeat", "open", heartbeat),
  route("GET", "/registry/:id/peers", peers.auth, listPeers),
  // 2.3, 2.5, 2.6
  route("GET", "/workspaces/:id/activity", "workspace", listActivity),
  route("POST", "/workspaces/:id/activity", "workspace", reportActivity),
  ...(acknowledgements
    ? [route("POST", "/workspaces/:id/activity/ack", "workspace", acknowledge)]
    : []),
  route("POST", "/workspaces/:id/notify", "workspace", notify),
  // 2.4: the token is the sender's, the id the target's
  route("POST", "/workspaces/:id/a2a", "open", send),
  // 2.7, 2.8, 3.1
  route("GET", "/workspaces", "admin", listWorkspaces),
  route("POST", "/workspaces", "admin", createWorkspace),
  route("GET", "/workspaces/:id", "open", showWorkspace),
  route("DELETE", "/workspaces/:id", "admin", deleteWorkspace),
  route("GET", "/workspaces/:id/state", "agent", showState),
  route("PATCH", "/workspaces/:id/abilities", "admin", changeAbilities),
  route("POST", "/workspaces/:id/pause", "workspace", pause),
  route("POST", "/workspaces/:id/resume", "workspace", resume),
  route("POST", "/workspaces/:id/external/rotate", "workspace", rotate),
  // 2.10
  route("POST", "/workspaces/:id/chat/uploads", "workspace", upload),
  route("GET", "/workspaces/:id/pending-uploads/:fileId/content", "workspace", showFile),
  route("POST", "/workspaces/:id/pending-uploads/:fileId/ack", "workspace", acknowledgeFile),
  // 3.4
  route("GET", "/workspaces/:id/tokens", "workspace", listTokens),
  route("POST", "/workspaces/:id/tokens", "workspace", createToken),
  route("DELETE", "/workspaces/:id/tokens/:tokenId", "workspace", revokeToken),
];

export const ROUTES: Record<RevisionName, readonly Route[]> = {
  r1: routesOf(REVISIONS.r1),
  r2: routesOf(REVISIONS.r2),
};
