/** How an external agent connects: GET …/external/connection, POST …/external/rotate (contract 3.1). */
import { refuse } from "./answers.ts";
import type { Call, Dev } from "./call.ts";
import type { WorkspaceRow } from "./workspace-store.ts";
import { present } from "./workspaces.ts";

const EXTERNAL_RUNTIMES = ["external", "kimi", "kimi-cli"];

/** Whether a workspace of this runtime has its agent elsewhere. */
export function isExternal(runtime: string): boolean {
  return EXTERNAL_RUNTIMES.includes(runtime);
}

/** What an agent has to know to connect. The token is shown where it was just made, else "". */
export function connection(dev: Dev, id: string, token: string) {
  return {
    workspace_id: id,
    platform_url: dev.url,
    auth_token: token,
    registry_endpoint: `${dev.url}/registry/register`,
    heartbeat_endpoint: `${dev.url}/registry/heartbeat`,
  };
}

/** The same without a token: nobody has it any more. */
export function showConnection(call: Call<"id">): Response {
  const { id } = external(call);
  return Response.json({ connection: connection(call.dev, id, "") });
}

/** A new token for the agent; all older ones are dead before the answer is sent (T18). */
export function rotate(call: Call<"id">): Response {
  const { id } = external(call);
  const { database, events } = call.dev;
  // Before it takes effect: who listens is to know why its next call is refused.
  events.emit(id, "EXTERNAL_CREDENTIALS_ROTATED", { workspace_id: id });
  const token = database.transaction(() => {
    database.tokens.revokeAll(id);
    return database.tokens.mint(id, "instance");
  });
  return Response.json({ connection: connection(call.dev, id, token) });
}

/** The workspace of the path; 400 where its agent is not an external one. */
function external(call: Call<"id">): WorkspaceRow {
  const row = present(call);
  if (!isExternal(row.runtime)) {
    refuse(400, "not an external workspace", {
      hint: `its runtime is "${row.runtime}"; only an external agent connects by itself`,
    });
  }
  return row;
}
