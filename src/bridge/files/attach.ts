/** Uploads the files that go with a notice, before it is posted. */
import { digestOf } from "../../a2a/identity.ts";
import { fitNotice } from "../../a2a/reply.ts";
import { PlatformError, type UploadedFile } from "../../platform/platform.ts";
import { oneLine } from "../../shared/text.ts";
import type { Attachment, Reply } from "../../store/store.ts";
import { RETRIED } from "../delivery/delivery.ts";
import type { Keeper } from "../keeper.ts";
import type { Pace } from "../pace.ts";
import type { BridgeParts } from "../parts.ts";
import type { Standing } from "../standing.ts";
import { ownUploadKey, pendingFileId } from "./uploads.ts";
import type { Watchdog } from "../watchdog.ts";

/** What is to be posted; both change while files are uploaded, and are kept so in the outbox. */
export interface Outgoing {
  reply: Reply;
  /** Where it is at hand. */
  body: string | undefined;
}

export interface AttacherDeps {
  keeper: Keeper;
  pace: Pace;
  standing: Standing;
  watchdog: Pick<Watchdog, "answers">;
}

export class Attacher {
  readonly #parts: BridgeParts;
  readonly #deps: AttacherDeps;
  readonly #workspaceId: string;
  readonly #cut: AbortSignal;

  constructor(parts: BridgeParts, deps: AttacherDeps, workspaceId: string, cut: AbortSignal) {
    this.#parts = parts;
    this.#deps = deps;
    this.#workspaceId = workspaceId;
    this.#cut = cut;
  }

  /** Whether there is anything to upload. */
  hasWork({ attachments = [] }: Reply): boolean {
    return attachments.some(({ uri }) => uri === undefined);
  }

  /**
   * Uploads what is not uploaded yet, one after the other, and keeps each in the outbox before the
   * next; `onFile` is called before each, since one may take long. A file that the platform refuses, or
   * that is gone, is left out with a line in the text; so is one, unless `patient`, that fails in any
   * other way while the platform is not away altogether. Rejects with a PlatformError where it is worth
   * trying again.
   */
  async upload(outgoing: Outgoing, patient: boolean, onFile: () => void = () => {}): Promise<void> {
    for (const file of outgoing.reply.attachments ?? []) {
      if (file.uri !== undefined) continue;
      if (this.#cut.aborted) return;
      onFile();
      const end = await this.#one(outgoing.reply.activityId, file, patient);
      if (typeof end === "string") await this.#leaveOut(outgoing, file, end);
      else await this.#note(outgoing, file, end);
    }
  }

  /** The file as the platform has it, or why it is left out. */
  async #one(activityId: string, file: Attachment, patient: boolean): Promise<Attachment | string> {
    const { platform, store, token } = this.#parts;
    const data = await store.files.read(activityId, file.path);
    if (data === undefined) return "it is gone";
    const { name, mimeType } = file;
    const presented = token.value;
    let uploaded: UploadedFile;
    try {
      await this.#deps.pace.beforeAnswer(this.#cut);
      uploaded = await platform.upload({ name, mimeType, data }, { signal: this.#cut });
    } catch (error) {
      if (this.#cut.aborted || !(error instanceof PlatformError)) throw error;
      const { verdict, failure, message } = error;
      if (!RETRIED.has(verdict)) return message;
      // Nothing can be posted to a platform that is away, so that the file may wait.
      if (!patient && this.#deps.watchdog.answers(failure.status)) return message;
      if (verdict !== "unauthorized") throw error;
      const ours = await this.#deps.standing.afterRefusal(error, presented, this.#cut);
      if (ours === "fine") return message;
      throw error;
    }
    const fileId = pendingFileId(uploaded.uri, this.#workspaceId);
    if (fileId !== undefined) {
      // Before the user can know it, and send it back (T25).
      const remember = () => store.memory.remember(ownUploadKey(fileId), activityId);
      await this.#deps.keeper.do(remember);
    }
    const { uri, size = file.size } = uploaded;
    return { ...file, name: uploaded.name, mimeType: mimeType ?? uploaded.mimeType, size, uri };
  }

  async #note(outgoing: Outgoing, file: Attachment, uploaded: Attachment): Promise<void> {
    const attachments =
      outgoing.reply.attachments?.map((at) => (at === file ? uploaded : at)) ?? [];
    const { outbox } = this.#parts.store;
    const { reply } = outgoing;
    outgoing.reply = await this.#deps.keeper.do(() => outbox.attached(reply, attachments));
  }

  async #leaveOut(outgoing: Outgoing, file: Attachment, reason: string): Promise<void> {
    const { store, emit } = this.#parts;
    const { keeper } = this.#deps;
    const { reply } = outgoing;
    const text = outgoing.body ?? (await keeper.do(() => store.outbox.body(reply)));
    const body = fitNotice(`${text}\n\n(${oneLine(file.name, 100)} could not be attached)`);
    const attachments = reply.attachments?.filter((at) => at !== file) ?? [];
    // The digest finds the notice in the feed, so it must be that of what is posted.
    const changed = { body, digest: digestOf(body) };
    outgoing.reply = await keeper.do(() => store.outbox.attached(reply, attachments, changed));
    outgoing.body = body;
    const { activityId } = reply;
    emit({ type: "file-left-out", activityId, way: "attached", file: file.name, reason });
  }
}
