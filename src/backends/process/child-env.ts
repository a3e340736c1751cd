/** The environment of a child: the operator's without what it must not see, and the message. */
import { TOKEN_VARIABLES } from "../../shared/secret-variables.ts";
import { clipBytes } from "../../shared/text.ts";
import type { BackendParts, BackendRequest } from "../backend.ts";

/** Longest value of a variable that comes from a message, in bytes. */
export const META_VALUE_MAX_BYTES = 1024;

/**
 * The variable by which all processes of a run are found again (see `leftovers.ts`). Its value is
 * the activity's id, which is a stranger's text, made fit as {@link runIdOf} does.
 */
export const RUN_ID = "MOLECULE_RUN_ID";

/**
 * The variable by which what one child has started is found, wherever it has gone (see `group.ts`). Its
 * value is random; a run may have several children. Not for the child, hence its name.
 */
export const CHILD_MARK = "_MOLECULE_CHILD";

/**
 * Trace Context as the environment carries it (OpenTelemetry, "Environment Variables as Context
 * Propagation Carriers").
 */
const TRACEPARENT = "TRACEPARENT";
const TRACE_NAMES = [TRACEPARENT, "TRACESTATE", "BAGGAGE"];

/** What {@link RUN_ID} holds in the runs of that activity. */
export function runIdOf(activityId: string): string {
  return fit(activityId);
}

/**
 * The operator's environment less every `BUN_*` variable (`BUN_OPTIONS` and `BUN_BE_BUN` would make
 * a copy of this program run foreign code), our tokens, their files and store addresses, and every
 * variable whose value holds a known secret. With a `request`, {@link RUN_ID} and the trace of its run,
 * and with `describe` the `MOLECULE_*` variables that describe it; otherwise none of those, not even
 * inherited ones: the trace in which we were started is not that of a message.
 */
export function childEnv(
  { env, secrets }: Pick<BackendParts, "env" | "secrets">,
  request?: BackendRequest,
  describe = true,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    // Windows takes names in any case.
    const upper = name.toUpperCase();
    if (value === undefined || upper.startsWith("BUN_") || WITHHELD.has(upper)) continue;
    if (!secrets.within(value)) result[name] = value;
  }
  if (request === undefined) return result;
  result[RUN_ID] = runIdOf(request.activityId);
  result[TRACEPARENT] = request.traceparent;
  if (!describe) return result;
  for (const name of META_NAMES) result[name] = fit(META[name](request));
  return result;
}

/** What describes the message; a value that the message lacks is empty. */
const META = {
  MOLECULE_WORKSPACE_ID: (request) => request.workspaceId,
  MOLECULE_SENDER: (request) => request.sender,
  MOLECULE_CALLER_ID: (request) => request.peerId,
  MOLECULE_MESSAGE_ID: (request) => request.messageId ?? request.activityId,
  MOLECULE_TASK_ID: (request) => request.taskId,
  MOLECULE_METHOD: (request) => request.method,
  MOLECULE_CONTEXT_ID: (request) => request.contextId,
  MOLECULE_ATTEMPT: (request) => String(request.attempt),
  MOLECULE_INTERRUPTED: (request) => String(request.interrupted),
  MOLECULE_ACTIVITY_ID: (request) => request.activityId,
  MOLECULE_IS_REPLY: (request) => String(request.isReply),
} satisfies Record<string, (request: BackendRequest) => string | undefined>;

const META_NAMES = Object.keys(META) as (keyof typeof META)[];

const WITHHELD: ReadonlySet<string> = new Set([
  ...TOKEN_VARIABLES,
  "MOLECULE_WORKSPACE_TOKENS",
  "MOLECULE_STORE",
  // Where systemd puts a service's secrets, the token among them.
  "CREDENTIALS_DIRECTORY",
  // By these a process speaks to the service manager for the bridge, as src/service/notify.ts does.
  "NOTIFY_SOCKET",
  "WATCHDOG_USEC",
  "WATCHDOG_PID",
  RUN_ID,
  ...TRACE_NAMES,
  ...META_NAMES,
]);

/**
 * A stranger's text as a value: a NUL would keep the child from starting, a newline would forge a
 * line in the output of `env`. Replaced rather than dropped, so that nothing turns out empty: an
 * empty caller is no peer.
 */
function fit(value: string | undefined): string {
  const printable = (value ?? "").slice(0, META_VALUE_MAX_BYTES).replace(/\p{Cc}/gu, "\ufffd");
  return clipBytes(printable.toWellFormed(), META_VALUE_MAX_BYTES);
}
