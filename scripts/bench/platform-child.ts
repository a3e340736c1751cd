/** The process behind {@link PlatformProcess}: an embedded platform in memory, without a rate limit. */
import { buildRequest } from "../../src/a2a/request.ts";
import { createExternal } from "../../src/dev/create.ts";
import { startDevPlatform, type DevPlatform } from "../../src/dev/server.ts";
import type { Filled, Question } from "./platform.ts";

const MAX_ROWS = 1_000_000;

const platform = await startDevPlatform({ port: 0, db: ":memory:", rateLimit: 0 });
process.on("message", (question: Question) => process.send?.(answer(platform, question)));
// Nobody is left to ask.
process.on("disconnect", () => process.exit(0));
process.send?.("ready");

function answer(dev: DevPlatform, question: Question): Filled | number {
  if (question.kind === "fill") return fill(dev, question);
  const { activities } = dev.database;
  return question.workspaces.reduce(
    (sum, id) => sum + activities.read(id, { limit: MAX_ROWS }).length,
    0,
  );
}

function fill(
  { database, url }: DevPlatform,
  { peers, messages, bytes }: Extract<Question, { kind: "fill" }>,
): Filled {
  const { id, token } = createExternal(database, "agent", { delivery_mode: "poll" });
  const from = Array.from(
    { length: peers },
    (_, n) => createExternal(database, `peer ${n}`, { delivery_mode: "poll" }).id,
  );
  add(database, id, "none", "");
  const [first] = database.activities.read(id, { limit: 1 });
  // Each in a transaction of its own, so that each has a time of its own.
  for (let n = 0; n < messages; n++) {
    add(database, id, from[n % peers] ?? "", `${n} `.padEnd(bytes, "molecule "));
  }
  return { url, workspaceId: id, token: token ?? "", peers: from, cursor: first?.id ?? "" };
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
