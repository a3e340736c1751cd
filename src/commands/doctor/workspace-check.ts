/** The workspace as the platform sees it. */
import type { Management } from "../../platform/management.ts";
import { PlatformError } from "../../platform/platform.ts";
import { formatDuration } from "../../shared/duration.ts";
import { get, getNumber, getString, type JsonObject } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import { failure, ok, skipped, together, warning, type Check, type Finding } from "./check.ts";
import type { Patient } from "./patient.ts";
import { NO_WORKSPACE } from "./server-checks.ts";

/** Runtimes that an agent from outside may take the place of (contract 1.1). */
const EXTERNAL = ["external", "kimi", "kimi-cli"];
/** The longer of the revisions' windows after which a silent workspace counts as gone (1.2). */
const STALE_MS = 180_000;

export const workspace: Check = {
  name: "workspace",
  title: "the workspace",
  needs: ["tenant"],
  network: "only",
  deadlineMs: 6_000,
  async run(patient) {
    const { workspaceId } = patient;
    if (workspaceId === undefined) return skipped(NO_WORKSPACE);
    const { token } = await patient.ownToken().catch(() => ({ token: { value: undefined } }));
    const platform = await patient.client(token);
    let row: JsonObject;
    try {
      row = await platform.workspace(workspaceId);
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
      if (error.verdict === "gone") {
        return { ...failure(error), detail: "it was removed", hint: REMOVED };
      }
      return failure(error);
    }
    return together([
      standing(row, patient, platform),
      ...(await paused(row, platform, workspaceId)),
      ...oddities(row),
    ]);
  },
};

const REMOVED = "A removed workspace does not come back: make another one, and connect as that.";

/** Its name, its status, and when its agent was last heard of (R2). */
function standing(row: JsonObject, patient: Patient, platform: Management): Finding {
  const status = getString(row, "status") ?? "unknown";
  const name = getString(row, "name");
  const beat = Date.parse(getString(row, "last_heartbeat_at") ?? "");
  const ageMs = Number.isNaN(beat) ? undefined : Math.max(0, platform.serverNow() - beat);
  const isOnline = status === "online" || status === "degraded";
  patient.isHeard = ageMs === undefined ? isOnline : isOnline && ageMs < STALE_MS;
  const heard = ageMs === undefined ? "" : `, last heartbeat ${formatDuration(ageMs)} ago`;
  const detail = `${name === undefined ? "" : `"${oneLine(name, 60)}" `}is ${oneLine(status, 40)}${heard}`;
  const hint = STATUS_HINTS[status];
  if (hint !== undefined) return warning(detail, hint);
  if (isOnline && ageMs !== undefined && ageMs >= STALE_MS) {
    return warning(detail, "The platform does not sweep, or its clock is wrong: ask its operator.");
  }
  if (["awaiting_agent", "offline"].includes(status)) {
    return ok(`${detail}: no bridge is connected`);
  }
  return ok(detail);
}

const RESUME =
  "A bridge does not change that. Resume it on the canvas, or with `molecule workspace resume`.";

const STATUS_HINTS: Partial<Record<string, string>> = {
  paused: RESUME,
  hibernating: RESUME,
  hibernated: RESUME,
  failed: "A connected bridge brings it back; where it does not, look at it on the canvas.",
  degraded: "Its agent reports failures: look at the log of its bridge.",
};

/** What only the workspace's own token may ask; without one it is not known. */
async function paused(
  row: JsonObject,
  platform: Management,
  workspaceId: string,
): Promise<Finding[]> {
  if (getString(row, "status") === "paused") return [];
  const state = await platform.state(workspaceId).catch(() => undefined);
  return get(state, "paused") === true ? [warning("it is paused", RESUME)] : [];
}

function oddities(row: JsonObject): Finding[] {
  const found: Finding[] = [];
  const runtime = getString(row, "runtime");
  if (runtime !== undefined && !EXTERNAL.includes(runtime)) {
    found.push(
      warning(
        `its runtime is ${oneLine(runtime, 40)}: the platform runs an agent of its own for it`,
        "Only an external workspace is answered from outside: make one, and connect as that.",
      ),
    );
  }
  if (get(row, "talk_to_user_enabled") === false) {
    found.push(
      warning(
        "it may not talk to the canvas user, so answers to the canvas are refused",
        "Switch that on, on the canvas or with `molecule workspace update --talk-to-user`.",
      ),
    );
  }
  const rate = getNumber(row, "last_error_rate") ?? 0;
  if (rate >= 0.1) found.push(warning(`${Math.round(rate * 100)} % of its last work failed`));
  const mode = getString(row, "delivery_mode");
  if (mode !== undefined) found.push(ok(`delivery mode ${oneLine(mode, 20)}`));
  return found;
}
