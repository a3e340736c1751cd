/** POST /workspaces/:id/a2a (contract 2.4): `:id` is the target. */
import type { QueuedResponse } from "../contract/types.ts";
import { isUuid } from "../shared/ids.ts";
import { refuse } from "./answers.ts";
import { mayReach, senderOf } from "./auth.ts";
import { readBody, toObject } from "./body.ts";
import type { Call, Dev } from "./call.ts";
import { readEnvelope, type Envelope } from "./envelope.ts";
import { urlProblem } from "./push-url.ts";
import type { PushOutcome } from "./push.ts";
import type { WorkspaceRow } from "./workspace-store.ts";

/** The time that an agent needs to learn a secret from its next heartbeat. */
const NEW_SECRET_RETRY_SECONDS = 30;

/** A message on its way to a workspace. */
export interface Delivery {
  /** A workspace, or null for the canvas user. */
  sender: string | null;
  targetId: string;
  /** The body as it was sent. */
  text: string;
  /** The sender's own deadline. */
  timeoutMs?: number | undefined;
}

/** A message from who shows the token, to the workspace of the path. */
export async function send(call: Call<"id">): Promise<Response> {
  const { dev, request } = call;
  const sender = senderOf(call);
  const text = await readBody(request, dev.revision.message);
  return deliver(dev, { sender, targetId: call.params.id, text, timeoutMs: timeoutOf(request) });
}

/** Checks a message in the order of contract 2.4.3, then queues or pushes it. */
export async function deliver(dev: Dev, delivery: Delivery): Promise<Response> {
  const { sender, targetId, text } = delivery;
  if (sender !== null && !mayReach(dev, sender, targetId)) {
    refuse(403, "access denied: these workspaces may not talk to each other");
  }
  const target = isUuid(targetId) ? dev.database.workspaces.find(targetId) : undefined;
  if (target?.budget_limit != null && target.monthly_spend >= target.budget_limit) {
    refuse(402, "workspace budget limit exceeded");
  }
  const envelope = readEnvelope(text, sender, targetId, dev.revision);
  if (target === undefined) refuse(404, "workspace not found");
  if (sender !== null) {
    dev.database.workspaces.change(sender, { last_outbound_at: dev.clock.now() });
  }
  return target.delivery_mode === "poll"
    ? queue(dev, sender, target, envelope)
    : push(dev, delivery, target, envelope);
}

/** The row is there before the answer. No status is looked at: a removed workspace gets it too. */
async function queue(
  dev: Dev,
  sender: string | null,
  target: WorkspaceRow,
  envelope: Envelope,
): Promise<Response> {
  await dev.feed.add({
    ...inbound(dev, sender, target, envelope),
    status: "ok",
    summary: `${envelope.method || "message"} to ${target.name}, queued for poll`,
  });
  return queued("poll", envelope.method);
}

async function push(
  dev: Dev,
  { sender, timeoutMs }: Delivery,
  target: WorkspaceRow,
  envelope: Envelope,
): Promise<Response> {
  const { url, status } = target;
  if (url === "") refuse(503, "workspace has no URL", { status });
  if ((await urlProblem(url, { loopback: true })) !== undefined) {
    refuse(502, "workspace URL is not publicly routable");
  }
  const { authenticated, canvasPatienceMs } = dev.revision.push;
  const startedAt = dev.clock.monotonic();
  const order = {
    url,
    secret: authenticated ? knownSecret(dev, target) : undefined,
    body: JSON.stringify(envelope.body),
    timeoutMs,
  };
  const answered = dev.pushes
    .run(order, (outcome) => {
      const duration = Math.round(dev.clock.monotonic() - startedAt);
      return logPush(dev, sender, target, envelope, outcome, duration);
    })
    .then(pass);
  if (sender !== null || canvasPatienceMs === undefined) return answered;
  const patience = new AbortController();
  const later = dev.clock
    .sleep(canvasPatienceMs, patience.signal)
    .then(() => queued("push-async", envelope.method));
  try {
    return await Promise.race([answered, later]);
  } finally {
    patience.abort();
  }
}

/** What the agent is shown; 503 while it can't know it. */
function knownSecret(dev: Dev, target: WorkspaceRow): string {
  const { secret, fresh } = dev.database.workspaces.inboundSecret(target);
  if (!fresh) return secret;
  const retry = NEW_SECRET_RETRY_SECONDS;
  return refuse(
    503,
    "the workspace does not know its inbound secret yet",
    { retry_after: retry },
    { "Retry-After": String(retry) },
  );
}

function logPush(
  dev: Dev,
  sender: string | null,
  target: WorkspaceRow,
  envelope: Envelope,
  outcome: PushOutcome,
  duration: number,
): Promise<void> {
  const failed = outcome.error !== undefined;
  return dev.feed.add({
    ...inbound(dev, sender, target, envelope),
    status: failed ? "error" : "ok",
    summary: `${envelope.method || "message"} to ${target.name}`,
    error_detail: outcome.error,
    duration_ms: duration,
    ...(failed ? {} : { response_body: toObject(outcome.body) ?? outcome.body }),
  });
}

/** What the rows of both modes have in common. */
function inbound(
  { revision }: Dev,
  sender: string | null,
  target: WorkspaceRow,
  { method, messageId, body }: Envelope,
) {
  return {
    workspace_id: target.id,
    activity_type: "a2a_receive",
    source_id: sender,
    target_id: target.id,
    method,
    request_body: body,
    message_id: revision.oneRowPerMessage && method === "message/send" ? messageId : undefined,
  };
}

function timeoutOf(request: Request): number | undefined {
  const seconds = Number(request.headers.get("x-timeout") ?? "");
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1_000 : undefined;
}

function pass({ status, body }: PushOutcome): Response {
  return new Response(body, { status, headers: { "content-type": "application/json" } });
}

function queued(delivery_mode: QueuedResponse["delivery_mode"], method: string): Response {
  const body: QueuedResponse = { status: "queued", delivery_mode, method };
  return Response.json(body);
}
