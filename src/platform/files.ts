/** Files to and from the canvas user (contract 2.10), one workspace's. */
import { getArray, getNumber, getString } from "../shared/json.ts";
import { download } from "./download.ts";
import type { Call, Http } from "./http.ts";
import { filePayload } from "./multipart.ts";
import {
  PlatformError,
  type CallOptions,
  type DownloadOptions,
  type FileToUpload,
  type Sink,
  type UploadedFile,
} from "./platform.ts";

/** A file may take long; this is for the time in which nothing of it comes. */
const SILENCE_MS = 30_000;
const SHORT_MS = 10_000;
/** So slow may a line be, in bytes a second, that takes a file to the platform. */
const SLOWEST_LINE = 64 * 1024;

/** Of an answer that is no file. */
const MAX_BYTES = 1024 * 1024;

const MAX_URI_CHARACTERS = 2_048;

export class PlatformFiles {
  readonly #http: Http;
  readonly #id: string;

  constructor(http: Http, workspaceId: string) {
    this.#http = http;
    this.#id = workspaceId;
  }

  /** GET /workspaces/:id/pending-uploads/:file_id/content. */
  download(fileId: string, sink: Sink, options: DownloadOptions) {
    const call: Call = {
      what: "fetching a file",
      method: "GET",
      path: [...this.#pending(fileId), "content"],
      accept: "*/*",
      deadlineMs: SILENCE_MS,
      maxBytes: MAX_BYTES,
    };
    return download(this.#http, call, sink, options);
  }

  /** POST /workspaces/:id/pending-uploads/:file_id/ack. */
  async acknowledge(fileId: string, options?: CallOptions): Promise<void> {
    await this.#http.call(
      {
        what: "acknowledging a file",
        method: "POST",
        path: [...this.#pending(fileId), "ack"],
        deadlineMs: SHORT_MS,
        maxBytes: MAX_BYTES,
      },
      options,
    );
  }

  /** POST /workspaces/:id/chat/uploads, one file a call. */
  async upload(file: FileToUpload, options?: CallOptions): Promise<UploadedFile> {
    const what = "uploading a file";
    const { body } = await this.#http.call(
      {
        what,
        method: "POST",
        path: ["workspaces", this.#id, "chat", "uploads"],
        payload: filePayload("files", file, what),
        deadlineMs: SILENCE_MS + Math.ceil((file.data.size / SLOWEST_LINE) * 1_000),
        maxBytes: MAX_BYTES,
      },
      options,
    );
    const taken = getArray(body, "files")?.[0];
    const uri = getString(taken, "uri");
    if (uri === undefined || !isUri(uri)) {
      throw new PlatformError(`${what}: 200, but without an address for it`, {
        verdict: "transient",
      });
    }
    const size = getNumber(taken, "size");
    return {
      uri,
      name: getString(taken, "name") ?? file.name,
      mimeType: getString(taken, "mimeType"),
      size: size !== undefined && size >= 0 ? size : undefined,
    };
  }

  #pending(fileId: string): string[] {
    return ["workspaces", this.#id, "pending-uploads", fileId];
  }
}

/** A scheme and what is behind it, without white space or control characters. */
function isUri(text: string): boolean {
  return text.length <= MAX_URI_CHARACTERS && /^[a-z][a-z0-9+.-]*:[^\s\p{C}]+$/iu.test(text);
}
