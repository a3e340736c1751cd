/** The process behind {@link PlatformProcess}: an embedded platform in memory, without a rate limit. */
import { readMessage } from "../../src/a2a/message.ts";
import { buildRequest } from "../../src/a2a/request.ts";
import type { ActivityRow } from "../../src/contract/types.ts";
import { createExternal } from "../../src/dev/create.ts";
import { startDevPlatform, type DevPlatform } from "../../src/dev/server.ts";
import { parseTimestamp } from "../../src/shared/timestamp.ts";
import type { Filled, Question, SentRow } from "./platform.ts";

const MAX_ROWS = 1_000_000;

let [requests, agents] = [0, 0];
const onRequest = () => void (requests += 1);
const platform = await startDevPlatform({ port: 0, db: ":memory:", rateLimit: 0, onRequest });
process.on("message", (question: Question) => process.send?.(answer(platform, question)));
// Nobody is left to ask.
process.on("disconnect", () => process.exit(0));
process.send?.("ready");

function answer(dev: DevPlatform, question: Question): Filled | number | SentRow[] {
  if (question.kind === "fill") return fill(dev, question);
  if (question.kind === "requests") return requests;
  const { activities } = dev.database;
  if (question.kind === "rows") {
    return activities.read(question.workspace, { limit: MAX_ROWS }).flatMap(sentRow).toReversed();
  }
  return question.workspaces.reduce(
    (sum, id) => sum + activities.read(id, { limit: MAX_ROWS }).length,
    0,
  );
}

function fill(
  { database, url }: DevPlatform,
  { peers, messages, bytes }: Extract<Question, { kind: "fill" }>,
): Filled {
  const { id, token } = createExternal(database, `agent ${(agents += 1)}`, {
    delivery_mode: "poll",
  });
  const made = Array.from({ length: peers }, (_, n) =>
    createExternal(database, `peer ${agents}-${n}`, { delivery_mode: "poll" }),
  );
  const from = made.map((peer) => peer.id);
  add(database, id, "none", "");
  const [first] = database.activities.read(id, { limit: 1 });
  // Each in a transaction of its own, so that each has a time of its own.
  for (let n = 0; n < messages; n++) {
    add(database, id, from[n % peers] ?? "", `${n} `.padEnd(bytes, "molecule "));
  }
  const peerTokens = made.map((peer) => peer.token ?? "");
  const cursor = first?.id ?? "";
  return { url, workspaceId: id, token: token ?? "", peers: from, peerTokens, cursor };
}

function add(database: DevPlatform["database"], to: string, from: string, text: string): void {
  const messageId = crypto.randomUUID();
  database.activities.add({
    workspace_id: to,
    activity_type: "a2a_receive",
    status: "ok",
    source_id: from,
    target_id: to,
    method: "message/send",
    request_body: buildRequest(text, messageId),
    message_id: messageId,
  });
}

function sentRow({ created_at, request_body }: ActivityRow): SentRow[] {
  const { text } = readMessage(request_body);
  const at = parseTimestamp(created_at);
  return at === undefined ? [] : [{ text, at: Number(at / 1_000n) / 1_000 }];
}
