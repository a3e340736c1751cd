/** POST /workspaces (contract 3.1) and POST …/external/rotate. */
import type { CreatedExternalWorkspace, DeliveryMode } from "../contract/types.ts";
import { isAbsolute } from "node:path";
import { Fields } from "./body.ts";
import { refuse } from "./answers.ts";
import type { Call, Dev } from "./call.ts";
import type { DevDatabase } from "./database.ts";
import { checkPushUrl, readDeliveryMode } from "./register.ts";
import { canonicalId, type WorkspaceChange } from "./workspace-store.ts";
import { present } from "./workspaces.ts";

const EXTERNAL_RUNTIMES = ["external", "kimi", "kimi-cli"];
const FORBIDDEN_IN_NAMES = /[{}[\]|>*&!]/;

/** A name that is taken is tried with " 2", " 3" and so on up to this. */
const MAX_NAME_VARIANTS = 100;

/**
 * Makes an external workspace; others need containers, which a development platform has none of.
 * Without `url` it waits for its agent, and the answer has the only copy of its token. With one it
 * is online at once, and its first register is open and brings the token.
 */
export async function createWorkspace({ dev, request }: Call): Promise<Response> {
  const body = await Fields.of(request);
  const name = limited(body, "name", 255) ?? refuse(400, "name is required");
  if (FORBIDDEN_IN_NAMES.test(name)) refuse(400, "name must not contain any of {}[]|>*&!");
  const runtime = limited(body, "runtime", 100) ?? "external";
  limited(body, "model", 100);
  if (!EXTERNAL_RUNTIMES.includes(runtime) || body.boolean("external") === false) {
    refuse(422, "this development platform runs external workspaces only", {
      code: "RUNTIME_UNRESOLVED",
      hint: 'send "external": true, and no runtime or "runtime": "external"',
    });
  }
  const url = body.string("url") ?? "";
  if (url !== "") await checkPushUrl(url);
  const workspace_dir = body.string("workspace_dir") || null;
  if (workspace_dir !== null && !isAbsolute(workspace_dir)) {
    refuse(400, "workspace_dir must be an absolute path");
  }
  const canvas = new Fields(body.object("canvas") ?? {});
  const max_concurrent_tasks = body.integer("max_concurrent_tasks") ?? 1;
  if (max_concurrent_tasks < 1) refuse(400, "max_concurrent_tasks must be 1 or more");

  const { id, token } = createExternal(dev.database, name, {
    runtime,
    role: limited(body, "role", 1000) ?? null,
    tier: body.integer("tier") ?? 1,
    delivery_mode: readDeliveryMode(body) ?? "push",
    url,
    workspace_dir,
    parent_id: readParent(dev, body),
    budget_limit: body.integer("budget_limit") ?? null,
    max_concurrent_tasks,
    x: canvas.number("x") ?? 0,
    y: canvas.number("y") ?? 0,
  });
  const answer: CreatedExternalWorkspace = {
    id,
    external: true,
    status: token === undefined ? "online" : "awaiting_agent",
    ...(token === undefined ? {} : { connection: connection(dev, id, token) }),
  };
  return Response.json(answer, { status: 201 });
}

/** A new token for the agent; all older ones are dead before the answer is sent. */
export function rotate(call: Call): Response {
  const { id } = present(call);
  const { tokens } = call.dev.database;
  const token = call.dev.database.transaction(() => {
    tokens.revokeAll(id);
    return tokens.mint(id, "instance");
  });
  return Response.json({ connection: connection(call.dev, id, token) });
}

/** Makes the workspace under `name`, or a variant of it, and its token unless it has a `url`. */
export function createExternal(
  database: DevDatabase,
  name: string,
  columns: WorkspaceChange & { delivery_mode: DeliveryMode },
): { id: string; token: string | undefined } {
  const id = crypto.randomUUID();
  const reachable = (columns.url ?? "") !== "";
  return database.transaction(() => {
    const free = freeName(database, name);
    const status = reachable ? "online" : "awaiting_agent";
    database.workspaces.insert({ ...columns, id, name: free, status });
    return { id, token: reachable ? undefined : database.tokens.mint(id, "instance") };
  });
}

function freeName(database: DevDatabase, name: string): string {
  for (let n = 1; n <= MAX_NAME_VARIANTS; n++) {
    const variant = n === 1 ? name : `${name} ${n}`;
    if (database.workspaces.findByName(variant) === undefined) return variant;
  }
  return refuse(409, "a workspace of this name exists, and so do its numbered variants");
}

/** A text of at most `max` characters; undefined when absent or empty. */
function limited(body: Fields, key: string, max: number): string | undefined {
  const text = body.string(key);
  if (text !== undefined && text.length > max)
    refuse(400, `${key} is longer than ${max} characters`);
  return text === "" ? undefined : text;
}

function readParent(dev: Dev, body: Fields): string | null {
  const text = body.string("parent_id") ?? "";
  if (text === "") return null;
  const parent = dev.database.workspaces.find(canonicalId(text));
  return parent === undefined || parent.status === "removed"
    ? refuse(400, "parent_id is not a workspace")
    : parent.id;
}

function connection(dev: Dev, id: string, token: string) {
  return {
    workspace_id: id,
    platform_url: dev.url,
    auth_token: token,
    registry_endpoint: `${dev.url}/registry/register`,
    heartbeat_endpoint: `${dev.url}/registry/heartbeat`,
  };
}
