/**
 * The least that answers the messages of a workspace: fetch a page, post an answer to each of its rows,
 * one after the other, over one kept-alive connection. Nothing is written to disk, nothing checked,
 * nothing tried again. Prints the milliseconds from the first request to the last answer.
 */
import { buildReply } from "../../src/a2a/reply.ts";
import type { Filled } from "./platform.ts";

/** As the bridge asks for. */
const PAGE_ROWS = 100;

interface Row {
  id: string;
  source_id: string;
  request_body: { params: { message: { messageId: string; parts: { text: string }[] } } };
}

const { url, workspaceId, token, cursor } = JSON.parse(process.argv[2] ?? "{}") as Filled;
const headers = {
  authorization: `Bearer ${token}`,
  "x-workspace-id": workspaceId,
  "content-type": "application/json",
};

async function call(path: string, body?: string): Promise<unknown> {
  const init = body === undefined ? { headers } : { headers, method: "POST", body };
  const response = await fetch(`${url}/workspaces/${path}`, init);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

// The bridge has registered by the time that it is connected: so its first request is past, too.
await call(`${workspaceId}/state`);
const began = performance.now();
let ended = began;
for (let from = cursor; ;) {
  const query = `type=a2a_receive&limit=${PAGE_ROWS}&since_id=${from}`;
  const rows = (await call(`${workspaceId}/activity?${query}`)) as Row[];
  for (const { id, source_id, request_body } of rows) {
    const { messageId, parts } = request_body.params.message;
    const answered = { activityId: id, messageId, contextId: undefined, taskId: undefined };
    const reply = buildReply(answered, `echo: ${parts[0]?.text}`, "answer");
    await call(`${source_id}/a2a`, JSON.stringify(reply));
    ended = performance.now();
  }
  from = rows.at(-1)?.id ?? from;
  if (rows.length < PAGE_ROWS) break;
}
console.log(ended - began);
