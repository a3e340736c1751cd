/** What can be done with messages beside reading them. */
import type { Calls } from "./calls.ts";
import type { FileDeeds } from "./files.ts";
import type { Pending } from "./model.ts";
import { Pictures } from "./pictures.ts";
import { asJson, wholeText } from "./whole.ts";

export interface Deeds {
  files: FileDeeds;
  /** Has a dead letter tried again; rejects with an Error. */
  retry(workspaceId: string, activityId: string): Promise<void>;
  /** The whole text of a message that was clipped; rejects with an Error. */
  whole(activityId: string): Promise<string>;
  /** The whole row, as JSON; rejects with an Error. */
  row(activityId: string): Promise<string>;
  /** Sends a message again that could not be sent, or takes it back to where it was written. */
  resend(pending: Pending): void;
  edit(pending: Pending): void;
}

export function deedsOf(calls: Calls, own: Pick<Deeds, "resend" | "edit">): Deeds {
  const row = (id: string) => calls.text(`rows/${id}`);
  return {
    ...own,
    files: {
      blob: (path) => calls.blob(path),
      pictures: new Pictures((most, path) => calls.bytesUpTo(most, path)),
    },
    retry: (workspaceId, id) =>
      calls.post(`workspaces/${workspaceId}/dead-letters/${id}/retry`, {}),
    whole: async (id) => wholeText(await row(id)),
    row: async (id) => asJson(await row(id)),
  };
}
