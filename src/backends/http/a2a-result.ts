/** What an A2A agent answers, in either version, read without trusting its shape. */
import { type MessagePart, readMessage } from "../../a2a/message.ts";
import { asObject, get, getArray, getString, type JsonObject } from "../../shared/json.ts";

/** A task's state by its name of v0.3: `working`, `input-required`, …; empty where it has none. */
export type TaskState = string;

/** An answer that is complete in itself. */
export interface AgentMessage {
  kind: "message";
  parts: MessagePart[];
  contextId: string | undefined;
}

/** A piece of work, as the agent shows it. */
export interface AgentTask {
  kind: "task";
  id: string;
  contextId: string | undefined;
  state: TaskState;
  /** What goes with the state: a progress, a question, a reason. */
  status: MessagePart[];
  /** Tells this status from the next; undefined where the agent says nothing that would. */
  statusMark: string | undefined;
  artifacts: MessagePart[][];
  /** The last thing that the agent said before. */
  lastSaid: MessagePart[];
}

/** The result of a send, a get or a cancel; undefined where it is neither a message nor a task. */
export function readResult(result: unknown): AgentMessage | AgentTask | undefined {
  // 1.0 wraps what it sends in its kind.
  const task = asObject(get(result, "task"));
  if (task !== undefined) return readTask(task);
  const message = asObject(get(result, "message"));
  if (message !== undefined) return readAgentMessage(message);
  const bare = asObject(result);
  if (bare === undefined) return undefined;
  return asObject(get(bare, "status")) === undefined ? readAgentMessage(bare) : readTask(bare);
}

const TERMINAL = new Set(["completed", "failed", "rejected", "canceled"]);
const ASKING = new Set(["input-required", "auth-required"]);

/** Nothing more happens to it. */
export function isTerminal(state: TaskState): boolean {
  return TERMINAL.has(state);
}

/** The agent waits for us: what it says is the answer, and the next message goes on with the task. */
export function isAsking(state: TaskState): boolean {
  return ASKING.has(state);
}

function readTask(task: JsonObject): AgentTask | undefined {
  const id = getString(task, "id") ?? getString(task, "taskId");
  if (id === undefined) return undefined;
  const status = get(task, "status");
  const said = asObject(get(status, "message"));
  return {
    kind: "task",
    id,
    contextId: getString(task, "contextId"),
    state: stateName(getString(status, "state") ?? ""),
    status: partsOf(said),
    statusMark: markOf(getString(status, "timestamp"), getString(said, "messageId")),
    artifacts: (getArray(task, "artifacts") ?? []).map(partsOf),
    lastSaid: lastSaid(getArray(task, "history") ?? []),
  };
}

function readAgentMessage(message: JsonObject): AgentMessage | undefined {
  if (getArray(message, "parts") === undefined) return undefined;
  return { kind: "message", parts: partsOf(message), contextId: getString(message, "contextId") };
}

/** `TASK_STATE_INPUT_REQUIRED` of 1.0 is `input-required` of 0.3. */
function stateName(written: string): TaskState {
  const name = written
    .toLowerCase()
    .replace(/^task_state_/, "")
    .replaceAll("_", "-");
  return name === "cancelled" ? "canceled" : name;
}

function markOf(timestamp: string | undefined, messageId: string | undefined): string | undefined {
  if (timestamp === undefined && messageId === undefined) return undefined;
  return JSON.stringify([timestamp ?? null, messageId ?? null]);
}

function lastSaid(history: unknown[]): MessagePart[] {
  const last = history.findLast((message) =>
    /^(role_)?agent$/i.test(getString(message, "role") ?? ""),
  );
  return partsOf(last);
}

function partsOf(message: unknown): MessagePart[] {
  const parts = getArray(message, "parts");
  return parts === undefined ? [] : readMessage({ message: { parts } }).parts;
}
