/** The files that came with a message: each fetched into its folder, or left out with the reason. */
import { describeParts, filesIn, textIn, type FileRef } from "../../a2a/message.ts";
import type { InboundMessage } from "../../a2a/feed-row.ts";
import { PlatformError } from "../../platform/platform.ts";
import { isBase64 } from "../../shared/base64.ts";
import { codeOf, messageOf } from "../../shared/errors.ts";
import { oneLine } from "../../shared/text.ts";
import type { KeptFile } from "../../store/store.ts";
import { RETRIED } from "../delivery/delivery.ts";
import { Unwritten, type Keeper } from "../keeper.ts";
import type { Pace } from "../pace.ts";
import type { BridgeParts } from "../parts.ts";
import { firstName, isUnnameable, namesFor } from "./received-names.ts";
import { ownUploadKey, pendingFileId } from "./uploads.ts";
import type { Watchdog } from "../watchdog.ts";

const MIB = 1024 * 1024;
/** Of one file, and of all files of a message together. */
export const MAX_FILE_BYTES = 25 * MIB;
export const MAX_MESSAGE_BYTES = 100 * MIB;
export const MAX_FILES = 20;
/**
 * A file that the platform fails to give for so long is left out, also where only its transfer breaks;
 * a platform that is away altogether is waited for.
 */
const PATIENCE_MS = 30 * 60_000;
/** Messages whose patience is counted. */
const MOST_FAILING = 1_000;

export type Received =
  | { kind: "ready"; message: InboundMessage }
  | { kind: "again"; reason: string; retryAfterMs: number | undefined }
  /** Nothing can be kept in the folder of the message, and no try helps. */
  | { kind: "failed"; reason: string }
  | { kind: "stopped" };

export interface ReceivedFilesDeps {
  keeper: Keeper;
  pace: Pace;
  /** Tells whether the platform is away. */
  watchdog: Pick<Watchdog, "answers">;
}

type Kept = KeptFile & { mimeType?: string | undefined };

/** Why a file is left out. */
class LeftOut extends Error {}

export class ReceivedFiles {
  readonly #parts: Pick<BridgeParts, "platform" | "store" | "clock" | "emit">;
  readonly #deps: ReceivedFilesDeps;
  readonly #workspaceId: string;
  /** Since when the files of a message can't be fetched, monotonic. */
  readonly #failingSince = new Map<string, number>();

  constructor(
    parts: Pick<BridgeParts, "platform" | "store" | "clock" | "emit">,
    deps: ReceivedFilesDeps,
    workspaceId: string,
  ) {
    this.#parts = parts;
    this.#deps = deps;
    this.#workspaceId = workspaceId;
  }

  /** The message with the paths of its files; those that are here already are not fetched again. */
  async receive(message: InboundMessage, cut: AbortSignal): Promise<Received> {
    const { activityId } = message;
    const files = message.files.slice(0, MAX_FILES);
    const rest = message.files.slice(MAX_FILES);
    const names = namesFor(files);
    const fetched = new Map<FileRef, FileRef>();
    let room = MAX_MESSAGE_BYTES;
    try {
      for (const [index, file] of files.entries()) {
        const { bytes: _, ...shown } = file;
        try {
          const kept = await this.#take(message, file, names[index] ?? [], room, cut);
          room -= kept?.size ?? 0;
          fetched.set(file, kept === undefined ? shown : located(shown, kept));
        } catch (error) {
          const problem = cut.aborted ? undefined : whyLeftOut(error);
          if (problem === undefined) throw error;
          fetched.set(file, { ...shown, problem });
          this.#tell(activityId, oneLine(file.name ?? "unnamed", 100), problem);
        }
      }
    } catch (error) {
      if (cut.aborted || error instanceof Unwritten) return { kind: "stopped" };
      if (!(error instanceof PlatformError)) {
        if (isDatabases(error)) throw error;
        return { kind: "failed", reason: `its files can't be kept: ${messageOf(error)}` };
      }
      const { retryAfterMs } = error.failure;
      const reason = `its files are not there yet: ${error.message}`;
      return { kind: "again", reason, retryAfterMs };
    }
    this.#failingSince.delete(activityId);
    const problem = `more than ${MAX_FILES} files came`;
    for (const file of rest) {
      const { bytes: _, ...shown } = file;
      fetched.set(file, { ...shown, problem });
    }
    if (rest.length > 0) this.#tell(activityId, `${rest.length} more`, problem, rest.length);
    return { kind: "ready", message: withFiles(message, fetched) };
  }

  /** One file, under the first of the names that can be used; undefined for one that is not ours to fetch. */
  async #take(
    message: InboundMessage,
    { bytes, uri }: FileRef,
    names: readonly string[],
    room: number,
    cut: AbortSignal,
  ): Promise<Kept | undefined> {
    const { store } = this.#parts;
    const { keeper } = this.#deps;
    const { activityId } = message;
    const fileId = pendingFileId(uri, this.#workspaceId);
    if (bytes === undefined && fileId === undefined) {
      // Whoever reads it may look it up; a path or another's file he must not be sent to.
      if (uri === undefined || /^https?:/i.test(uri)) return undefined;
      throw new LeftOut("it lies where only its sender can read it");
    }
    let kept: Kept | undefined;
    for (const name of names) kept ??= await store.files.received(activityId, name);
    if (kept !== undefined && kept.size > room) throw tooLarge(room);
    const most = Math.min(MAX_FILE_BYTES, room);
    if (bytes !== undefined) {
      return (
        kept ?? (await firstName(names, (name) => this.#keepInline(activityId, name, bytes, most)))
      );
    }
    const fetch = (name: string) => this.#download(activityId, fileId ?? "", name, most, cut);
    kept ??= await firstName(names, fetch);
    // What a peer refers to is the user's, and what we uploaded ourselves he has yet to read (T25).
    const isOurs = await keeper.do(() => store.memory.recall(ownUploadKey(fileId ?? "")));
    if (message.peerId === undefined && isOurs === undefined) {
      await keeper.do(() => store.files.owe(activityId, fileId ?? ""));
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
    if (!isBase64(base64)) throw new LeftOut("its content is not base64");
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
    const { platform, store } = this.#parts;
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
      if (this.#isLate(activityId, failure.status)) {
        throw new LeftOut("the platform did not give it");
      }
      throw error;
    }
  }

  /** Whether it was waited for long enough, counted from the first failure. */
  #isLate(activityId: string, status: number | undefined): boolean {
    const now = this.#parts.clock.monotonic();
    const since = this.#failingSince.get(activityId) ?? now;
    this.#failingSince.set(activityId, since);
    const [oldest = ""] = this.#failingSince.keys();
    if (this.#failingSince.size > MOST_FAILING) this.#failingSince.delete(oldest);
    return now - since > PATIENCE_MS && this.#deps.watchdog.answers(status);
  }

  #tell(activityId: string, file: string, reason: string, files = 1): void {
    const many = files === 1 ? {} : { files };
    const event = { type: "file-left-out", activityId, way: "received", file, reason } as const;
    this.#parts.emit({ ...event, ...many });
  }
}

function located(file: FileRef, { path, size, mimeType }: Kept): FileRef {
  return { ...file, path, size, mimeType: file.mimeType ?? mimeType };
}

/** Why one file is left out; undefined where the error is about more than that file. */
function whyLeftOut(error: unknown): string | undefined {
  if (error instanceof LeftOut) return error.message;
  if (error instanceof PlatformError || error instanceof Unwritten) return undefined;
  return codeOf(error) === undefined || isUnnameable(error) ? "it can't be kept here" : undefined;
}

function isDatabases(error: unknown): boolean {
  return codeOf(error)?.startsWith("SQLITE_") === true;
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
