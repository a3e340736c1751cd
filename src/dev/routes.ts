/** What the platform answers to: the contract as a table. All else is 404. */
import { send } from "./a2a.ts";
import { acknowledge, listActivity } from "./activity.ts";
import { broadcast } from "./broadcast.ts";
import { changeBudget, showBudget } from "./budget.ts";
import { rotate, showConnection } from "./connection.ts";
import { createWorkspace } from "./create.ts";
import {
  countDelegations,
  delegate,
  listAllDelegations,
  listDelegations,
  recordDelegation,
  updateDelegation,
} from "./delegations.ts";
import { checkAccess, discover } from "./discover.ts";
import { editWorkspace } from "./edit.ts";
import { addFault, listFaults, removeFault, removeFaults } from "./fault-orders.ts";
import { heartbeat } from "./heartbeat.ts";
import { listEvents, showAudit, streamEvents } from "./history.ts";
import { hibernate, pause, restart, resume } from "./lifecycle.ts";
import { showLiveness } from "./liveness.ts";
import { notify } from "./notify.ts";
import { createOrgToken, listOrgTokens, revokeOrgToken } from "./org-tokens.ts";
import { register, updateCard } from "./register.ts";
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
  showState,
  showWorkspace,
} from "./workspaces.ts";

const routesOf = ({ acknowledgements, peers, adminMintsTokens }: Revision): readonly Route[] => [
  // 1.9
  route("GET", "/health", "open", () => Response.json({ status: "ok" })),
  route("GET", "/buildinfo", "open", () => Response.json({ git_sha: "dev" })),
  route("GET", "/uploads/limits", "open", showUploadLimits),
  // 2.1, 2.2: they look at the token themselves, as the id is in the body
  route("POST", "/registry/register", "open", register),
  route("POST", "/registry/heartbeat", "open", heartbeat),
  route("GET", "/registry/:id/peers", peers.auth, listPeers),
  // 2.9
  route("GET", "/registry/discover/:id", "open", discover),
  route("POST", "/registry/check-access", "open", checkAccess),
  route("POST", "/registry/update-card", "open", updateCard),
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
  route("PATCH", "/workspaces/:id", "workspace", editWorkspace),
  route("PATCH", "/workspaces/:id/abilities", "admin", changeAbilities),
  route("POST", "/workspaces/:id/pause", "workspace", pause),
  route("POST", "/workspaces/:id/resume", "workspace", resume),
  route("POST", "/workspaces/:id/restart", "workspace", restart),
  route("POST", "/workspaces/:id/hibernate", "workspace", hibernate),
  route("POST", "/workspaces/:id/broadcast", "workspace", broadcast),
  route("GET", "/workspaces/:id/external/connection", "workspace", showConnection),
  route("POST", "/workspaces/:id/external/rotate", "workspace", rotate),
  // 2.10
  route("POST", "/workspaces/:id/chat/uploads", "workspace", upload),
  route("GET", "/workspaces/:id/pending-uploads/:fileId/content", "workspace", showFile),
  route("POST", "/workspaces/:id/pending-uploads/:fileId/ack", "workspace", acknowledgeFile),
  // 2.11
  route("GET", "/workspaces/:id/events/stream", "workspace", streamEvents),
  // 3.2
  route("POST", "/workspaces/:id/delegate", "workspace", delegate),
  route("GET", "/workspaces/:id/delegations", "workspace", listDelegations),
  route("POST", "/workspaces/:id/delegations/record", "workspace", recordDelegation),
  route("POST", "/workspaces/:id/delegations/:delegationId/update", "workspace", updateDelegation),
  route("GET", "/admin/delegations", "admin", listAllDelegations),
  route("GET", "/admin/delegations/stats", "admin", countDelegations),
  // 3.4
  route("GET", "/workspaces/:id/tokens", "workspace", listTokens),
  route("POST", "/workspaces/:id/tokens", "workspace", createToken),
  route("DELETE", "/workspaces/:id/tokens/:tokenId", "workspace", revokeToken),
  route("GET", "/org/tokens", "admin", listOrgTokens),
  route("POST", "/org/tokens", "admin", createOrgToken),
  route("DELETE", "/org/tokens/:tokenId", "admin", revokeOrgToken),
  ...(adminMintsTokens
    ? [route("POST", "/admin/workspaces/:id/tokens", "admin", createToken)]
    : []),
  // 3.6
  route("GET", "/workspaces/:id/budget", "workspace", showBudget),
  route("PATCH", "/workspaces/:id/budget", "admin", changeBudget),
  route("GET", "/workspaces/:id/audit", "workspace", showAudit),
  route("GET", "/events", "admin", listEvents),
  route("GET", "/events/:id", "admin", listEvents),
  route("GET", "/admin/liveness", "admin", showLiveness),
  // The real platform has none of these: they make this one fail at will.
  route("POST", "/dev/faults", "admin", addFault),
  route("GET", "/dev/faults", "admin", listFaults),
  route("DELETE", "/dev/faults", "admin", removeFaults),
  route("DELETE", "/dev/faults/:faultId", "admin", removeFault),
];

export const ROUTES: Record<RevisionName, readonly Route[]> = {
  r1: routesOf(REVISIONS.r1),
  r2: routesOf(REVISIONS.r2),
};
