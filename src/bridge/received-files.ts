/** The files that came with a message: each fetched into its folder, or left out with the reason. */
import { describeParts, filesIn, textIn, type FileRef } from "../a2a/message.ts";
import type { InboundMessage } from "../a2a/feed-row.ts";
import { PlatformError } from "../platform/platform.ts";
import { distinctFileNames } from "../shared/file-name.ts";
import { oneLine } from "../shared/text.ts";
import type { KeptFile } from "../store/store.ts";
import { RETRIED } from "./delivery.ts";
import { Unwritten, type Keeper } from "./keeper.ts";
import type { Pace } from "./pace.ts";
import type { BridgeParts } from "./parts.ts";
import { ownUploadKey, pendingFileId } from "./uploads.ts";

const MIB = 1024 * 1024;
/** Of one file, and of all files of a message together. */
export const MAX_FILE_BYTES = 25 * MIB;
export const MAX_MESSAGE_BYTES = 100 * MIB;
export const MAX_FILES = 20;
/** A file that the platform fails to give for so long is left out; one that is away altogether is waited for. */
const PATIENCE_MS = 30 * 60_000;
/** Messages whose patience is counted. */
const MOST_FAILING = 1_000;

const BASE64 = /^[A-Za-z0-9+/_\s-]*={0,2}\s*$/;

export type Received =
  | { kind: "ready"; message: InboundMessage }
  | { kind: "again"; reason: string; retryAfterMs: number | undefined }
  | { kind: "stopped" };

/** Why a file is left out. */
class LeftOut extends Error {}

export class ReceivedFiles {
  readonly #parts: Pick<BridgeParts, "platform" | "store" | "clock" | "emit">;
  readonly #deps: { keeper: Keeper; pace: Pace };
  readonly #workspaceId: string;
  /** Since when the files of a message can't be fetched, monotonic. */
  readonly #failingSince = new Map<string, number>();

  constructor(
    parts: Pick<BridgeParts, "platform" | "store" | "clock" | "emit">,
    deps: { keeper: Keeper; pace: Pace },
    workspaceId: string,
  ) {
    this.#parts = parts;
    this.#deps = deps;
    this.#workspaceId = workspaceId;
  }

  /** The message with the paths of its files; those that are here already are not fetched again. */
  async receive(message: InboundMessage, cut: AbortSignal): Promise<Received> {
    const { activityId, files } = message;
    const names = distinctFileNames(files.map(({ name, uri }) => name ?? uri ?? ""));
    const fetched = new Map<FileRef, FileRef>();
    let room = MAX_MESSAGE_BYTES;
    try {
      for (const [index, file] of files.entries()) {
        const { bytes: _, ...rest } = file;
        try {
          if (index >= MAX_FILES) throw new LeftOut(`more than ${MAX_FILES} files came`);
          const kept = await this.#take(message, file, names[index] ?? "", room, cut);
          if (kept === undefined) {
            fetched.set(file, rest);
            continue;
          }
          room -= kept.size;
          const { path, size, mimeType } = kept;
          fetched.set(file, { ...rest, path, size, mimeType: rest.mimeType ?? mimeType });
        } catch (error) {
          if (!(error instanceof LeftOut)) throw error;
          fetched.set(file, { ...rest, problem: error.message });
          this.#tell(activityId, rest, error.message);
        }
      }
    } catch (error) {
      if (cut.aborted || error instanceof Unwritten) return { kind: "stopped" };
      if (!(error instanceof PlatformError)) throw error;
      const { retryAfterMs } = error.failure;
      return {
        kind: "again",
        reason: `its files are not there yet: ${error.message}`,
        retryAfterMs,
      };
    }
    this.#failingSince.delete(activityId);
    return { kind: "ready", message: withFiles(message, fetched) };
  }

  /** One file; undefined for one that is not ours to fetch. */
  async #take(
    message: InboundMessage,
    { bytes, uri }: FileRef,
    name: string,
    room: number,
    cut: AbortSignal,
  ): Promise<(KeptFile & { mimeType?: string | undefined }) | undefined> {
    const { store } = this.#parts;
    const { activityId } = message;
    const fileId = pendingFileId(uri, this.#workspaceId);
    if (bytes === undefined && fileId === undefined) {
      // Whoever reads it may look it up; a path or another's file he must not be sent to.
      if (uri === undefined || /^https?:/i.test(uri)) return undefined;
      throw new LeftOut("it lies where only its sender can read it");
    }
    let kept: (KeptFile & { mimeType?: string | undefined }) | undefined =
      await store.files.received(activityId, name);
    if (kept !== undefined && kept.size > room) throw tooLarge(room);
    const most = Math.min(MAX_FILE_BYTES, room);
    if (bytes !== undefined) return kept ?? this.#keepInline(activityId, name, bytes, most);
    kept ??= await this.#download(activityId, fileId ?? "", name, most, cut);
    // What a peer refers to is the user's, and what we uploaded ourselves he has yet to read (T25).
    const isOurs = await store.memory.recall(ownUploadKey(fileId ?? ""));
    if (message.peerId === undefined && isOurs === undefined) {
      await this.#deps.keeper.do(() => store.files.owe(activityId, fileId ?? ""));
    }
    return kept;
  }

  async #keepInline(
    activityId: string,
    name: string,
    base64: string,
    most: number,
  ): Promise<KeptFile> {
    const { files } = this.#parts.store;
    if ((base64.length * 3) / 4 > most * 1.1 + 64) throw tooLarge(most);
    if (!BASE64.test(base64)) throw new LeftOut("its content is not base64");
    const data = Buffer.from(base64, "base64");
    if (data.length > most) throw tooLarge(most);
    return this.#deps.keeper.do(() => files.receive(activityId, name, (sink) => sink(data)));
  }

  async #download(
    activityId: string,
    fileId: string,
    name: string,
    most: number,
    cut: AbortSignal,
  ): Promise<KeptFile & { mimeType: string | undefined }> {
    const { platform, store, clock } = this.#parts;
    let mimeType: string | undefined;
    try {
      await this.#deps.pace.beforeAnswer(cut);
      const kept = await this.#deps.keeper.do(() =>
        store.files.receive(activityId, name, async (sink) => {
          const told = await platform.download(fileId, sink, { signal: cut, maxBytes: most });
          mimeType = told.mimeType?.split(";")[0];
        }),
      );
      return { ...kept, mimeType };
    } catch (error) {
      if (cut.aborted || !(error instanceof PlatformError)) throw error;
      const { verdict, failure } = error;
      if (verdict === "permanent" && failure.status === undefined) throw tooLarge(most);
      if (failure.status === 404 && verdict === "permanent") {
        throw new LeftOut("the platform no longer has it");
      }
      if (!RETRIED.has(verdict)) throw new LeftOut("the platform refused it");
      const since = this.#failingSince.get(activityId) ?? clock.monotonic();
      if (this.#failingSince.size >= MOST_FAILING) this.#failingSince.clear();
      this.#failingSince.set(activityId, since);
      if (failure.status !== undefined && clock.monotonic() - since > PATIENCE_MS) {
        throw new LeftOut("the platform did not give it");
      }
      throw error;
    }
  }

  #tell(activityId: string, { name }: FileRef, reason: string): void {
    const file = oneLine(name ?? "unnamed", 100);
    this.#parts.emit({ type: "file-left-out", activityId, way: "received", file, reason });
  }
}

/** What there was room for. */
function tooLarge(most: number): LeftOut {
  return new LeftOut(
    most < MAX_FILE_BYTES
      ? `the files of the message are larger than ${MAX_MESSAGE_BYTES / MIB} MiB together`
      : `it is larger than ${MAX_FILE_BYTES / MIB} MiB`,
  );
}

/** The same message with other files, in its parts, too. */
function withFiles(message: InboundMessage, by: ReadonlyMap<FileRef, FileRef>): InboundMessage {
  const parts = message.parts.map((part) =>
    part.kind === "file" ? { ...part, file: by.get(part.file) ?? part.file } : part,
  );
  return { ...message, parts, files: filesIn(parts), text: textIn(parts) || describeParts(parts) };
}
