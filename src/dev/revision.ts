/**
 * The two revisions of the contract, as far as they differ in what this platform serves. Whatever is
 * not here is the same in both.
 */
import type { WorkspaceStatus } from "../contract/types.ts";
import type { Auth } from "./auth.ts";
import type { TokenKind } from "./token-store.ts";

export type RevisionName = "r1" | "r2";

/** One revision; the numbers are the sections of the contract. */
export interface Revision {
  name: RevisionName;
  /** 1.2: an online workspace that is silent for longer waits for its agent again. */
  staleAfterMs: number;
  /** 1.2: a workspace in one of these stays so when its agent registers; the answer is 200. */
  keptByRegister: readonly WorkspaceStatus[];
  /** 1.2: a single heartbeat brings these online. */
  liftedByHeartbeat: readonly WorkspaceStatus[];
  /** 1.4: a live token of this kind makes register and heartbeat ask for one; undefined is any. */
  bindingToken: TokenKind | undefined;
  /** 1.6: a request that does not name its organisation is told so; else it is a bare 404. */
  explainsTenant: boolean;
  /** 2.1: register looks at `agent_card.url` as at a push address. */
  checksCardUrl: boolean;
  /** 2.2: a heartbeat may bring the first card, and its answer has a `generation`. */
  heartbeatExtras: boolean;
  /** 2.3: rows have a `seq`, and a cursor tells rows of one instant apart by it (T21). */
  seq: boolean;
  /** 2.3: `include=peer_info` is known. */
  peerInfo: boolean;
  /** 2.3: there is POST …/activity/ack. */
  acknowledgements: boolean;
  /** 2.3: a `message/send` with a messageId that the workspace has makes no second row. */
  oneRowPerMessage: boolean;
  /** 2.4.1: a sender is only who shows a good token; else anyone may be the canvas user (T26). */
  provenSenders: boolean;
  /** 2.4.2: how much of a body /a2a reads, and whether a longer one is cut or refused (T28). */
  message: { maxBytes: number; cuts: boolean };
  /** 2.4.2: a message is given the role and contextId that it lacks, and `type` parts a `kind`. */
  completesMessages: boolean;
  push: PushRules;
  /** 2.10: a file can still be read for a while after its agent has acknowledged it. */
  showsAcknowledgedFiles: boolean;
  /** 2.8: workspaces are shown with `last_heartbeat_at`. */
  showsHeartbeat: boolean;
  /** 2.9: who may list peers, and whether workspaces without a parent see one another there. */
  peers: { auth: Auth; rootSiblings: boolean };
  /** 3.1: a removal needs X-Confirm-Name, and says when there is nothing to remove. */
  checkedRemoval: boolean;
  /** 3.1: a workspace may not change its own tier, parent, runtime and folder. */
  guardsInfrastructure: boolean;
  /** 3.2: who may not talk to the target can't delegate to it; else it fails on the way. */
  checksDelegations: boolean;
  /** 4.3: by which of its keys a part of an agent's answer is known for text (T27). */
  textKeys: readonly ("kind" | "type")[];
  /** 3.4: there is POST /admin/workspaces/:id/tokens. */
  adminMintsTokens: boolean;
}

/** Messages to agents in push mode (2.4.2, 2.4.5, 2.4.6, 5.3). */
export interface PushRules {
  /** The agent is shown its inbound secret. */
  authenticated: boolean;
  /** An answer may be this long. */
  maxAnswerBytes: number;
  /** How long the headers of the answer may take; undefined: as long as the whole. */
  headersMs: number | undefined;
  /** After this long the canvas user is told that the answer comes later; undefined: never. */
  canvasPatienceMs: number | undefined;
}

const MIB = 1024 * 1024;

const R1: Revision = {
  name: "r1",
  staleAfterMs: 90_000,
  keptByRegister: [],
  liftedByHeartbeat: ["offline", "provisioning", "awaiting_agent"],
  bindingToken: undefined,
  explainsTenant: false,
  checksCardUrl: false,
  heartbeatExtras: false,
  seq: false,
  peerInfo: false,
  acknowledgements: false,
  oneRowPerMessage: false,
  provenSenders: false,
  message: { maxBytes: MIB, cuts: true },
  completesMessages: false,
  push: {
    authenticated: false,
    maxAnswerBytes: 10 * MIB,
    headersMs: 180_000,
    canvasPatienceMs: undefined,
  },
  showsAcknowledgedFiles: false,
  showsHeartbeat: false,
  peers: { auth: "agent", rootSiblings: true },
  checkedRemoval: false,
  guardsInfrastructure: false,
  checksDelegations: false,
  textKeys: ["kind"],
  adminMintsTokens: false,
};

const R2: Revision = {
  name: "r2",
  staleAfterMs: 180_000,
  keptByRegister: ["paused", "hibernated"],
  liftedByHeartbeat: ["offline", "provisioning", "awaiting_agent", "failed"],
  bindingToken: "instance",
  explainsTenant: true,
  checksCardUrl: true,
  heartbeatExtras: true,
  seq: true,
  peerInfo: true,
  acknowledgements: true,
  oneRowPerMessage: true,
  provenSenders: true,
  message: { maxBytes: 16 * MIB, cuts: false },
  completesMessages: true,
  push: {
    authenticated: true,
    maxAnswerBytes: 64 * MIB,
    headersMs: undefined,
    canvasPatienceMs: 90_000,
  },
  showsAcknowledgedFiles: true,
  showsHeartbeat: true,
  peers: { auth: "workspace", rootSiblings: false },
  checkedRemoval: true,
  guardsInfrastructure: true,
  checksDelegations: true,
  textKeys: ["kind", "type"],
  adminMintsTokens: true,
};

export const REVISIONS: Record<RevisionName, Revision> = { r1: R1, r2: R2 };
