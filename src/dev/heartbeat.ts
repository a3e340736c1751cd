/** POST /registry/heartbeat (contract 2.2). */
import type { HeartbeatResponse, WorkspaceStatus } from "../contract/types.ts";
import { isUuid } from "../shared/ids.ts";
import { get, type JsonObject } from "../shared/json.ts";
import { refuse } from "./answers.ts";
import { authorizeAgent } from "./auth.ts";
import { Fields } from "./body.ts";
import type { Call, Dev } from "./call.ts";
import type { Revision } from "./revision.ts";
import { canonicalId, type WorkspaceRow } from "./workspace-store.ts";

const DEGRADED_FROM = 0.5;
const RECOVERED_BELOW = 0.1;
const MAX_SPEND_CENTS = 10 ** 12;

type Vitals = Pick<
  WorkspaceRow,
  "active_tasks" | "current_task" | "last_error_rate" | "uptime_seconds"
>;

/** Every field is written as sent: a number or text left out is stored as 0 or "" (T16). */
export async function heartbeat({ dev, request }: Call): Promise<Response> {
  const { workspaces } = dev.database;
  const body = await Fields.of(request);
  const id = canonicalId(body.string("workspace_id") ?? "");
  const errorRate = body.number("error_rate") ?? 0;
  const runtimeState = body.string("runtime_state") ?? "";
  const spend = Math.min(Math.max(body.integer("monthly_spend") ?? 0, 0), MAX_SPEND_CENTS);
  const metadata = body.object("runtime_metadata");
  const extras = dev.revision.heartbeatExtras;
  const card = extras ? body.object("agent_card") : undefined;
  const vitals = {
    last_error_rate: errorRate,
    last_sample_error: body.string("sample_error") ?? "",
    active_tasks: body.integer("active_tasks") ?? 0,
    uptime_seconds: body.integer("uptime_seconds") ?? 0,
    current_task: body.string("current_task") ?? "",
    runtime_metadata: toText(metadata),
  };
  if (id === "") refuse(400, "invalid request body");
  authorizeAgent(dev, request, id);
  if (!isUuid(id)) refuse(500, "failed to update");

  const row = workspaces.find(id);
  // Unknown or removed: there is no row to write to, and the answer is 200 all the same (T11).
  if (row === undefined || row.status === "removed") return answer({ status: "ok" });
  const rated = get(get(metadata, "capabilities"), "status_mgmt") === true ? 0 : errorRate;
  const status = statusAfter(row.status, rated, runtimeState, dev.revision);
  workspaces.change(id, {
    ...vitals,
    ...(spend === 0 ? {} : { monthly_spend: spend }),
    status,
    agent_card: row.agent_card ?? toText(card),
    last_heartbeat_at: dev.clock.now(),
  });
  tell(dev, row, status, vitals);
  return answer({
    status: "ok",
    platform_inbound_secret: workspaces.inboundSecret(row).secret,
    // Nothing here has a configuration to roll out.
    ...(extras ? { generation: 0 } : {}),
  });
}

/** The beat itself, and what it has changed (contract 2.2). */
function tell(
  { events }: Dev,
  row: WorkspaceRow,
  status: WorkspaceStatus,
  { active_tasks, current_task, last_error_rate, uptime_seconds }: Vitals,
): void {
  const task = { workspace_id: row.id, active_tasks, current_task };
  const beat = { ...task, status, error_rate: last_error_rate, uptime_seconds };
  events.emit(row.id, "WORKSPACE_HEARTBEAT", beat);
  if (current_task !== row.current_task) events.emit(row.id, "TASK_UPDATED", task);
  if (status !== row.status) events.emitStatus(row.id, status);
}

/** Contract 1.2. One step for each heartbeat; a status not named here stays. */
function statusAfter(
  status: WorkspaceStatus,
  errorRate: number,
  runtimeState: string,
  { liftedByHeartbeat }: Revision,
): WorkspaceStatus {
  if (liftedByHeartbeat.includes(status)) return "online";
  if (status === "online" && (errorRate >= DEGRADED_FROM || runtimeState === "wedged")) {
    return "degraded";
  }
  // Exactly "": a well-meant "ok" keeps the workspace degraded (T15).
  if (status === "degraded" && errorRate < RECOVERED_BELOW && runtimeState === "") return "online";
  return status;
}

function toText(object: JsonObject | undefined): string | null {
  return object === undefined ? null : JSON.stringify(object);
}

function answer(body: HeartbeatResponse): Response {
  return Response.json(body);
}
