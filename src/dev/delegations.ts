/** The endpoints on delegations (contract 3.2). `:id` is the source. */
import type { DelegateResponse, DelegationRow } from "../contract/operator.ts";
import { isUuid } from "../shared/ids.ts";
import { refuse } from "./answers.ts";
import { mayReach } from "./auth.ts";
import { Fields } from "./body.ts";
import type { Call } from "./call.ts";
import { carryOut, emitOutcome, preview } from "./delegate.ts";
import { DELEGATION_STATUSES, type Delegation } from "./delegation-ledger.ts";
import { readCount } from "./query.ts";
import { canonicalId } from "./workspace-store.ts";
import { toTime } from "./workspace-view.ts";
import { present } from "./workspaces.ts";

const LISTED = 50;
const ADMIN_LISTED = 100;
const MAX_ADMIN_LISTED = 500;

/** Accepts a task, and sends it when the answer is out. A key that is known starts nothing. */
export async function delegate(call: Call<"id">): Promise<Response> {
  const { dev } = call;
  const { id: source_id } = present(call);
  const { target_id, task, key } = await readOrder(call);
  if (target_id === source_id) {
    refuse(400, "self-delegation rejected", {
      reason: "the target is the workspace that delegates",
      hint: "do the task yourself, or name another workspace in target_id",
    });
  }
  if (dev.revision.checksDelegations && !mayReach(dev, source_id, target_id)) {
    refuse(403, "access denied: these workspaces may not talk to each other");
  }
  const order = { delegation_id: crypto.randomUUID(), source_id, target_id, task };
  const { delegations } = dev.database;
  if (!delegations.add({ ...order, status: "queued", idempotency_key: key })) {
    return repeated(key === undefined ? undefined : delegations.findByKey(source_id, key));
  }
  const { delegation_id } = order;
  dev.events.emit(source_id, "DELEGATION_SENT", { delegation_id, target_id, task: preview(task) });
  dev.errands.run(() => carryOut(dev, order));
  const answer: DelegateResponse = { delegation_id, status: "delegated", target_id };
  return Response.json(answer, { status: 202 });
}

/** What this workspace has delegated, newest first. */
export function listDelegations({ dev, params: { id } }: Call<"id">): Response {
  return Response.json(dev.database.delegations.newest(LISTED, { source: id }).map(toRow));
}

/** Notes a delegation that the agent carries out itself. */
export async function recordDelegation(call: Call<"id">): Promise<Response> {
  const { dev } = call;
  const { id: source_id } = present(call);
  const { target_id, task, body } = await readOrder(call);
  const delegation_id = canonicalId(body.string("delegation_id") || refuse(400, INVALID));
  const added = dev.database.delegations.add({
    delegation_id,
    source_id,
    target_id,
    task,
    status: "in_progress",
  });
  // To be told twice does no harm.
  if (added) {
    const about = { delegation_id, target_id, task: preview(task) };
    dev.events.emit(source_id, "DELEGATION_SENT", about);
  }
  return Response.json({ status: "recorded" }, { status: 202 });
}

/** Notes how a delegation of this workspace ended. */
export async function updateDelegation({
  dev,
  params: { id, delegationId },
  request,
}: Call<"id" | "delegationId">): Promise<Response> {
  const body = await Fields.of(request);
  const status = body.string("status");
  const error = body.string("error") ?? "";
  const response = body.string("response_preview") ?? "";
  if (status !== "completed" && status !== "failed") {
    refuse(400, "status must be completed or failed");
  }
  const outcome = status === "failed" ? { error } : { response };
  if (!dev.database.delegations.settle(id, delegationId, outcome)) {
    refuse(404, "delegation not found");
  }
  emitOutcome(dev, id, { delegation_id: delegationId }, outcome);
  return Response.json({ status, delegation_id: delegationId });
}

/** All delegations, newest first; `status` picks those of one status. */
export function listAllDelegations({ dev, query }: Call): Response {
  const status = query.get("status") || undefined;
  if (status !== undefined && !DELEGATION_STATUSES.some((known) => known === status)) {
    refuse(400, `status must be one of ${DELEGATION_STATUSES.join(", ")}`);
  }
  const limit = Math.min(readCount(query, "limit") || ADMIN_LISTED, MAX_ADMIN_LISTED);
  const delegations = dev.database.delegations.newest(limit, { status }).map(toRow);
  return Response.json({ delegations, count: delegations.length });
}

/** How many delegations there are of each status. */
export function countDelegations({ dev }: Call): Response {
  return Response.json(dev.database.delegations.count());
}

const INVALID = "invalid request body";

async function readOrder({ request }: Call) {
  const body = await Fields.of(request);
  const target = body.string("target_id") ?? "";
  const task = body.string("task") ?? "";
  if (!isUuid(target) || task === "") refuse(400, INVALID);
  const key = body.string("idempotency_key") || undefined;
  return { target_id: canonicalId(target), task, key, body };
}

function repeated(first: Delegation | undefined): Response {
  if (first === undefined) throw new Error("a delegation that is new was taken for a known one");
  const { delegation_id, status, target_id } = first;
  const answer: DelegateResponse = { delegation_id, status, target_id, idempotent_hit: true };
  return Response.json(answer);
}

function toRow(row: Delegation): DelegationRow {
  return {
    delegation_id: row.delegation_id,
    source_id: row.source_id,
    target_id: row.target_id,
    summary: preview(row.task),
    status: row.status,
    created_at: toTime(row.created_at) ?? "",
    updated_at: toTime(row.updated_at) ?? "",
    _ledger: true,
    response_preview: row.response === null ? null : preview(row.response),
    error: row.error,
    last_heartbeat: null,
    deadline: toTime(row.deadline),
  };
}
