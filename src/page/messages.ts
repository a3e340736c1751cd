/** What the person at the canvas says through the page. */
import { MAX_BODY_BYTES } from "../a2a/reply.ts";
import { buildRequest } from "../a2a/request.ts";
import type { FilePart } from "../contract/types.ts";
import { deliver } from "../dev/a2a.ts";
import { Refusal, refuse } from "../dev/answers.ts";
import { Fields, toObject } from "../dev/body.ts";
import type { Call, Dev } from "../dev/call.ts";
import { readUploadUri } from "../dev/upload-uri.ts";
import { present } from "../dev/workspaces.ts";
import { LATE, within } from "../shared/clock.ts";
import { isUuid } from "../shared/ids.ts";
import { get, getString } from "../shared/json.ts";
import { oneLine } from "../shared/text.ts";

const MAX_FILES = 10;

/**
 * An agent in push mode may take half an hour to answer. Whatever keeps a message from reaching it is
 * known sooner than this, and the answer comes by the stream.
 */
const PATIENCE_MS = 1_000;

/**
 * Takes an OutgoingMessage and sends it as the canvas does (contract 2.4). 200 once the platform has
 * it; a Refusal where it can't have it, or where the agent could not be reached.
 */
export async function sendMessage(call: Call<"id">): Promise<Response> {
  const { dev, request } = call;
  const { id } = present(call);
  const body = await Fields.of(request);
  const messageId = body.string("messageId");
  if (!isUuid(messageId)) refuse(400, "messageId must be a UUID");
  const text = body.string("text") ?? "";
  const files = readFiles(dev, id, body.array("files") ?? []);
  if (text.trim() === "" && files.length === 0) refuse(400, "there is nothing to send");
  const envelope = JSON.stringify(buildRequest(text, messageId, "user", {}, files));
  if (Buffer.byteLength(envelope) > MAX_BODY_BYTES) {
    refuse(413, "the message is too long", {
      hint: `a message may have ${MAX_BODY_BYTES} bytes; what is longer goes in a file`,
    });
  }
  const sending = deliver(dev, { sender: null, targetId: id, text: envelope });
  const outcome = await within(dev.clock, PATIENCE_MS, sending);
  if (outcome === LATE) {
    // What can still be refused is an address whose name took its time to be looked up.
    dev.errands.run(() => sending.then(noop, unlessRefusal));
    return Response.json({ status: "sent" });
  }
  return conclude(outcome);
}

/** What the platform itself knows of files that were handed in for this workspace. */
function readFiles(dev: Dev, workspaceId: string, sent: readonly unknown[]): FilePart["file"][] {
  if (sent.length > MAX_FILES) refuse(400, `a message may have ${MAX_FILES} files`);
  return sent.map((file) => {
    const uri = getString(file, "uri") ?? "";
    const place = readUploadUri(uri);
    const found =
      place?.workspaceId === workspaceId
        ? dev.database.uploads.find(workspaceId, place.fileId)
        : undefined;
    if (found === undefined) {
      refuse(400, "a file of the message is not, or no longer, on the platform", {
        hint: "add it again",
      });
    }
    return { uri, name: found.name, mimeType: found.mime_type, size: found.size };
  });
}

/** An agent in push mode may have answered on the spot; that it could not be reached is no success. */
async function conclude(outcome: Response): Promise<Response> {
  const body = toObject(await outcome.text());
  if (outcome.ok) {
    return Response.json({
      status: getString(body, "status") === "queued" ? "queued" : "answered",
    });
  }
  const said = getString(body, "error") ?? getString(get(body, "error"), "message");
  return refuse(
    502,
    `the agent did not take the message: ${oneLine(said ?? "it gave no reason")}`,
    {
      hint: "its row in the conversation tells more; check that the agent runs where it says it does",
    },
  );
}

function noop(): void {}

function unlessRefusal(error: unknown): void {
  if (!(error instanceof Refusal)) throw error;
}
