/** The files of messages: fetched before a run, gathered after it, removed when the message is settled. */
import type { AnswerFile } from "../../backends/backend.ts";
import type { InboundMessage } from "../../a2a/feed-row.ts";
import { PlatformError } from "../../platform/platform.ts";
import { fullJitter } from "../../shared/backoff.ts";
import { within } from "../../shared/clock.ts";
import { codeOf, messageOf } from "../../shared/errors.ts";
import type { Attachment } from "../../store/store.ts";
import { gatherFiles } from "./answer-files.ts";
import { trimDeadFiles } from "./dead-files.ts";
import { Unwritten, type Keeper } from "../keeper.ts";
import type { Naps } from "../naps.ts";
import type { Pace } from "../pace.ts";
import type { BridgeParts } from "../parts.ts";
import { ReceivedFiles } from "./received-files.ts";
import type { Watchdog } from "../watchdog.ts";

/** Tries to acknowledge an upload: one that is not acknowledged expires, which does no harm. */
const MOST_TRIES = 3;
const RETRY_BASE_MS = 5_000;
/** The lane does not wait longer than this for the end of a message's files. */
const RELEASE_MS = 2_000;
/** For so long the folder of a message that nobody knows of may be one that is about to be read again. */
const UNKNOWN_MS = 24 * 3_600_000;

/** What a run is given. */
export type Prepared =
  | { kind: "ready"; message: InboundMessage; answerFolder: string | undefined }
  /** The platform could not be asked; nothing was run. */
  | { kind: "again"; reason: string; retryAfterMs: number | undefined }
  /** Its folder can't be used, and no try helps: it is the end of this message alone. */
  | { kind: "failed"; reason: string }
  | { kind: "stopped" };

export interface MessageFilesDeps {
  keeper: Keeper;
  naps: Naps;
  pace: Pace;
  watchdog: Pick<Watchdog, "answers">;
}

export class MessageFiles {
  readonly #parts: BridgeParts;
  readonly #deps: MessageFilesDeps;
  readonly #cut: AbortSignal;
  readonly #received: ReceivedFiles;
  /** Messages that come to their end at this moment. */
  readonly #releasing = new Map<string, Promise<void>>();

  constructor(parts: BridgeParts, deps: MessageFilesDeps, workspaceId: string, cut: AbortSignal) {
    this.#parts = parts;
    this.#deps = deps;
    this.#cut = cut;
    this.#received = new ReceivedFiles(parts, deps, workspaceId);
  }

  /**
   * Fetches the files that came with the message, where the backend reads files, and gives it with
   * their paths; makes the folder for files that go with an answer to the canvas, where the backend
   * leaves some. `interrupted`: an earlier run was cut, and what it left there may be part of the
   * answer.
   */
  async prepare(message: InboundMessage, cut: AbortSignal, interrupted = false): Promise<Prepared> {
    const { backend, store } = this.#parts;
    let given = message;
    if (backend.readsFiles && message.files.length > 0) {
      const received = await this.#received.receive(message, cut);
      if (received.kind !== "ready") return received;
      given = received.message;
    }
    if (!backend.leavesFiles || !takesFiles(message)) {
      return { kind: "ready", message: given, answerFolder: undefined };
    }
    try {
      const folder = () => store.files.answerFolder(message.activityId, !interrupted);
      const answerFolder = await this.#deps.keeper.do(folder);
      return { kind: "ready", message: given, answerFolder };
    } catch (error) {
      // Anything else is not about this message.
      if (error instanceof Unwritten || codeOf(error) === undefined) throw error;
      return { kind: "failed", reason: messageOf(error) };
    }
  }

  /**
   * What goes with the answer: the files that the backend named, and what it left in its folder. The
   * note is for the asker, on what is left out. Never rejects.
   */
  async collect(
    message: InboundMessage,
    named: readonly AnswerFile[],
  ): Promise<{ attachments: Attachment[]; note: string | undefined }> {
    const { store, backend, emit } = this.#parts;
    const { activityId } = message;
    const gathered = await gatherFiles(store.files, activityId, named, {
      // The platform has no way to send one to another agent.
      taken: takesFiles(message),
      found: backend.leavesFiles,
    });
    for (const { file, reason } of gathered.left) {
      emit({ type: "file-left-out", activityId, way: "attached", file, reason });
    }
    return { attachments: gathered.attachments, note: gathered.note };
  }

  /**
   * The message has come to its end: what came with it is acknowledged, and removed here. Resolves
   * when that is done, or goes on beside everything else. Never rejects.
   */
  async release(activityId: string): Promise<void> {
    if (!(await this.#parts.store.files.has(activityId).catch(() => false))) return;
    let releasing = this.#releasing.get(activityId);
    if (releasing === undefined) {
      releasing = this.#release(activityId)
        .catch((error: unknown) => this.#tellUpkeep(error))
        .finally(() => this.#releasing.delete(activityId));
      this.#releasing.set(activityId, releasing);
    }
    await within(this.#parts.clock, RELEASE_MS, releasing);
  }

  /**
   * Ends the folders whose messages are over: of a process that died, or of dropped dead letters. One of
   * a message that the journal does not know (it was lost, and is read again from the feed) waits for a
   * day, and nothing of it is acknowledged.
   */
  async sweep(): Promise<void> {
    const { store, clock } = this.#parts;
    const ids = await store.files.list();
    if (ids.length === 0) return;
    const known = await store.journal.known(ids);
    const kept = await store.journal.kept(ids);
    for (const id of ids) {
      if (kept.has(id)) continue;
      if (known.has(id)) await this.release(id);
      else if (clock.now() - ((await store.files.changedAt(id)) ?? 0) > UNKNOWN_MS) {
        await store.files.remove(id).catch((error: unknown) => this.#tellUpkeep(error));
      }
    }
  }

  /** Keeps the folders of dead letters small; to be called once in a while. */
  async trim(): Promise<void> {
    await trimDeadFiles(this.#parts);
  }

  async #release(activityId: string): Promise<void> {
    const { files } = this.#parts.store;
    const owed = await files.owed(activityId);
    const ends = await Promise.all(owed.map((fileId) => this.#acknowledge(fileId)));
    // Cut short: the next start does it.
    if (ends.includes("cut")) return;
    await files.remove(activityId);
  }

  #tellUpkeep(error: unknown): void {
    this.#parts.emit({ type: "upkeep-failed", reason: messageOf(error) });
  }

  async #acknowledge(fileId: string): Promise<"over" | "cut"> {
    const { platform, random } = this.#parts;
    for (let tries = 1; ; tries++) {
      if (this.#cut.aborted) return "cut";
      try {
        await this.#deps.pace.beforeAnswer(this.#cut);
        await platform.acknowledge(fileId, { signal: this.#cut });
        return "over";
      } catch (error) {
        if (this.#cut.aborted) return "cut";
        const isGone = error instanceof PlatformError && error.verdict === "permanent";
        if (isGone || tries >= MOST_TRIES) return "over";
        await this.#deps.naps.nap(fullJitter(tries, random, RETRY_BASE_MS), this.#cut);
      }
    }
  }
}

/** Whether files can go with an answer to it: only a notice to the canvas takes some. */
function takesFiles({ peerId, sender, isReply }: InboundMessage): boolean {
  return peerId === undefined && sender === undefined && !isReply;
}
