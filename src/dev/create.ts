/** POST /workspaces (contract 3.1). */
import type { CreatedExternalWorkspace, DeliveryMode } from "../contract/types.ts";
import { isAbsolute } from "node:path";
import { Fields } from "./body.ts";
import { refuse } from "./answers.ts";
import type { Call, Dev } from "./call.ts";
import { connection, isExternal } from "./connection.ts";
import type { DevDatabase } from "./database.ts";
import { checkPushUrl, readDeliveryMode } from "./register.ts";
import { canonicalId, type WorkspaceChange } from "./workspace-store.ts";

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
  const name = readName(body);
  const runtime = body.limited("runtime", 100) ?? "external";
  body.limited("model", 100);
  if (!isExternal(runtime) || body.boolean("external") === false) {
    refuse(422, "this development platform runs external workspaces only", {
      code: "RUNTIME_UNRESOLVED",
      hint: 'send "external": true, and no runtime or "runtime": "external"',
    });
  }
  const url = body.string("url") ?? "";
  if (url !== "") await checkPushUrl(url);
  const workspace_dir = readDirectory(body);
  const canvas = new Fields(body.object("canvas") ?? {});
  const max_concurrent_tasks = body.integer("max_concurrent_tasks") ?? 1;
  if (max_concurrent_tasks < 1) refuse(400, "max_concurrent_tasks must be 1 or more");

  const { id, token } = createExternal(dev.database, name, {
    runtime,
    role: body.limited("role", 1000) ?? null,
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
  dev.events.changed(id);
  const answer: CreatedExternalWorkspace = {
    id,
    external: true,
    status: token === undefined ? "online" : "awaiting_agent",
    ...(token === undefined ? {} : { connection: connection(dev, id, token) }),
  };
  return Response.json(answer, { status: 201 });
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
    database.events.add(id, reachable ? "WORKSPACE_ONLINE" : "WORKSPACE_AWAITING_AGENT", {
      workspace_id: id,
      status,
      name: free,
      created: true,
    });
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

/** The field `name`; 400 where it can be no name. */
export function readName(body: Fields): string {
  const name = body.limited("name", 255) ?? refuse(400, "name is required");
  return FORBIDDEN_IN_NAMES.test(name)
    ? refuse(400, "name must not contain any of {}[]|>*&!")
    : name;
}

/** The field `workspace_dir`; null where it is absent or empty, 400 for a relative path. */
export function readDirectory(body: Fields): string | null {
  const path = body.string("workspace_dir") || null;
  return path === null || isAbsolute(path)
    ? path
    : refuse(400, "workspace_dir must be an absolute path");
}

/** The field `parent_id`; null where it is absent or empty, 400 where there is no such workspace. */
export function readParent(dev: Dev, body: Fields): string | null {
  const text = body.string("parent_id") ?? "";
  if (text === "") return null;
  const parent = dev.database.workspaces.find(canonicalId(text));
  return parent === undefined || parent.status === "removed"
    ? refuse(400, "parent_id is not a workspace")
    : parent.id;
}
