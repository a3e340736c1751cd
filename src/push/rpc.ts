/** JSON-RPC 2.0 as agents speak it over HTTP, in the words of A2A v0.3 and of v1.0. */
import { asObject, get, getString, isTooDeep, parseJson, type JsonObject } from "../shared/json.ts";

/** Who speaks v1.0 gets answers in its form. A slash in the method's name tells. */
export type Version = "0.3" | "1.0";

/** The id of a request, which its answer repeats; null where it has none that may be. */
export type RpcId = string | number | null;

export interface Asked {
  id: RpcId;
  version: Version;
}

export type Request =
  | (Asked & { kind: "message"; method: string; envelope: JsonObject })
  | (Asked & { kind: "error"; code: number; message: string });

/** Ids are keys here, and come back with the answer. */
const LONGEST_ID = 1_000;

/** All under which one is looked for, in the message and beside it. */
const ID_KEYS = [
  ...["messageId", "message_id", "contextId", "context_id", "taskId", "task_id"],
  ...["idempotency_key", "idempotencyKey"],
];

const SENDING = new Set(["message/send", "SendMessage"]);
const STREAMING = new Set([
  ...["message/stream", "SendStreamingMessage"],
  ...["tasks/list", "ListTasks"],
]);
const ABOUT_TASKS = new Set([
  ...["tasks/get", "tasks/cancel", "tasks/resubscribe"],
  ...["GetTask", "CancelTask", "SubscribeToTask"],
]);

/** What a body asks for, or the error that answers it. Never throws. */
export function readRequest(body: string): Request {
  let parsed: unknown;
  try {
    parsed = parseJson(body);
  } catch {
    return refuse({ id: null, version: "0.3" }, -32700, "the body is not JSON");
  }
  const envelope = asObject(parsed);
  const method = getString(envelope, "method");
  const id = readId(get(envelope, "id"));
  const asked: Asked = {
    id: id ?? null,
    version: method === undefined || method.includes("/") ? "0.3" : "1.0",
  };
  if (envelope === undefined) return refuse(asked, -32600, "one request at a time, as an object");
  if (get(envelope, "jsonrpc") !== "2.0") return refuse(asked, -32600, 'jsonrpc must be "2.0"');
  if (id === undefined) return refuse(asked, -32600, "id must be a string or a number");
  if (method === undefined) return refuse(asked, -32600, "method is missing");
  if (!SENDING.has(method)) return unserved(asked, method);
  if (isTooDeep(envelope)) return refuse(asked, -32600, "it is nested too deeply");
  const params = get(envelope, "params");
  const message = asObject(get(params, "message"));
  if (message === undefined) return refuse(asked, -32602, "params.message is missing");
  const isLong = (id: string | undefined) => (id?.length ?? 0) > LONGEST_ID;
  const long = ID_KEYS.find((key) => [message, params].some((at) => isLong(getString(at, key))));
  if (long !== undefined) {
    return refuse(asked, -32602, `${long} is longer than ${LONGEST_ID} characters`);
  }
  return { ...asked, kind: "message", method, envelope };
}

function unserved(asked: Asked, method: string): Request {
  if (STREAMING.has(method)) return refuse(asked, -32004, "only message/send is served here");
  if (ABOUT_TASKS.has(method)) return refuse(asked, -32001, "messages are answered without a task");
  if (/pushNotificationConfig/i.test(method)) {
    return refuse(asked, -32003, "push notifications are not served here");
  }
  return refuse(asked, -32601, "method not found");
}

function refuse({ id, version }: Asked, code: number, message: string): Request {
  return { kind: "error", id, version, code, message };
}

/** Undefined for what is no id; a request without one is answered all the same, since HTTP has to. */
function readId(id: unknown): RpcId | undefined {
  if (id === undefined || id === null) return null;
  if (typeof id === "string") return id.length <= LONGEST_ID ? id : undefined;
  return typeof id === "number" && Number.isFinite(id) ? id : undefined;
}
