/** Files of the canvas user for an agent, and of an agent for that user (contract 2.10). */
import type {
  UploadAckResponse,
  UploadedFile,
  UploadLimits,
  UploadNotice,
  UploadResponse,
} from "../contract/types.ts";
import { refuse } from "./answers.ts";
import { boundedBody, drain } from "./body.ts";
import type { Call, Dev } from "./call.ts";
import { boundaryOf, partsOf, type Part } from "./multipart.ts";
import type { UploadRow } from "./upload-store.ts";
import { uploadUri } from "./upload-uri.ts";
import { present } from "./workspaces.ts";

/** Of one file, and of a request with all that is in it. */
export const MAX_UPLOAD_BYTES = 100 * 1024 * 1024;
const MAX_PARTS = 64;
const MAX_NAME_CHARACTERS = 100;

/** A file is written in pieces of this size. */
const PIECE_BYTES = 256 * 1024;

export function showUploadLimits(): Response {
  const limits: UploadLimits = {
    per_file_bytes: MAX_UPLOAD_BYTES,
    per_request_bytes: MAX_UPLOAD_BYTES,
    max_attachments_per_message: 10,
  };
  return Response.json(limits);
}

/**
 * Takes files and tells the agent of each by a row in its feed. Who sends them is not known: an
 * agent's own come back to it like the user's (T25).
 */
export async function upload(call: Call<"id">): Promise<Response> {
  const { dev, request } = call;
  const { id } = call.params;
  const body = boundedBody(request, MAX_UPLOAD_BYTES);
  const staged: string[] = [];
  try {
    if (present(call).delivery_mode === "push") {
      refuse(503, "an agent in push mode takes files itself, and none is asked here", {
        hint: "its agent would have to serve /internal/chat/uploads/ingest; register in poll mode",
      });
    }
    const boundary =
      boundaryOf(request.headers.get("content-type")) ??
      refuse(400, 'send multipart/form-data with the field "files"');
    const notices: UploadNotice[] = [];
    let count = 0;
    for await (const part of partsOf(body, boundary)) {
      if (++count > MAX_PARTS) refuse(400, `a request may have ${MAX_PARTS} parts`);
      if (part.name !== "files" || part.filename === undefined) continue;
      notices.push(await stage(dev, id, part, part.filename, staged));
    }
    if (notices.length === 0) refuse(400, 'there is no file in the field "files"');
    await dev.feed.addTogether(notices.map((notice) => toRow(id, notice)));
    const files = notices.map(({ file_id: _, ...file }): UploadedFile => file);
    return Response.json({ files } satisfies UploadResponse);
  } catch (error) {
    for (const fileId of staged) dev.database.uploads.drop(fileId);
    await drain(body);
    throw error;
  }
}

/** The bytes of a file; 404 where it is unknown, too old or, in revision 1, acknowledged. */
export function showFile({ dev, params: { id, fileId } }: Call<"id" | "fileId">): Response {
  const row = pending(dev, id, fileId);
  if (row.acked_at !== null && !dev.revision.showsAcknowledgedFiles) {
    refuse(404, "file not found");
  }
  const headers = {
    "content-type": row.mime_type,
    "content-disposition": `attachment; filename*=UTF-8''${encodeURIComponent(row.name)}`,
    "x-content-type-options": "nosniff",
  };
  return new Response(contentOf(dev, row), { headers });
}

/** The agent has the file: it is kept for an hour more. */
export function acknowledgeFile({ dev, params: { id, fileId } }: Call<"id" | "fileId">): Response {
  const row = pending(dev, id, fileId);
  const first = dev.database.uploads.acknowledge(row.id);
  const answer: UploadAckResponse = { acked: true, ...(first ? {} : { raced: true }) };
  return Response.json(answer);
}

function pending(dev: Dev, id: string, fileId: string): UploadRow {
  return dev.database.uploads.find(id, fileId) ?? refuse(404, "file not found");
}

async function stage(
  { database: { uploads } }: Dev,
  workspaceId: string,
  part: Part,
  filename: string,
  staged: string[],
): Promise<UploadNotice> {
  const name = cleanName(filename);
  const mimeType = /^[\w.+-]+\/[\w.+-]+/.exec(part.type ?? "")?.[0] ?? "application/octet-stream";
  const file_id = uploads.begin(workspaceId, { name, mimeType });
  staged.push(file_id);
  let size = 0;
  let n = 0;
  for await (const piece of inPieces(part.data)) {
    uploads.write(file_id, n++, piece);
    size += piece.length;
  }
  uploads.finish(file_id, size);
  return { file_id, name, mimeType, size, uri: uploadUri({ workspaceId, fileId: file_id }) };
}

/** The same bytes in pieces of {@link PIECE_BYTES} or a little more; the last may be smaller. */
async function* inPieces(data: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of data) {
    chunks.push(chunk);
    size += chunk.length;
    if (size < PIECE_BYTES) continue;
    yield Buffer.concat(chunks);
    chunks = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(chunks);
}

function contentOf({ database: { uploads } }: Dev, { id, size }: UploadRow): ReadableStream {
  let n = 0;
  let left = size;
  return new ReadableStream({
    pull(controller) {
      if (left === 0) return controller.close();
      const piece = uploads.read(id, n++);
      // It was removed meanwhile: an end would make it look whole.
      if (piece === undefined) return controller.error(new Error("the file is gone"));
      left -= piece.length;
      controller.enqueue(piece);
    },
  });
}

/** Without folders and without what has a meaning elsewhere. */
function cleanName(filename: string): string {
  const last = filename.split(/[/\\]/).pop() ?? "";
  const clean = last.replace(/[^\p{L}\p{M}\p{N} ._()+-]/gu, "_").replace(/^[. ]+/, "");
  return [...clean].slice(0, MAX_NAME_CHARACTERS).join("") || "file";
}

/** Contract 2.3, "file upload". */
function toRow(workspace_id: string, notice: UploadNotice) {
  return {
    workspace_id,
    activity_type: "a2a_receive",
    method: "chat_upload_receive",
    status: "ok",
    target_id: workspace_id,
    summary: `File uploaded: ${notice.name}`,
    request_body: notice,
  };
}
