/** Sends what was written: first its files, then the message that names them. */
import type { OutgoingMessage, SentFile, SentFiles } from "../wire.ts";
import { CallError, type Calls } from "./calls.ts";
import { now } from "./edges.ts";
import type { Pending } from "./model.ts";

export function compose(workspaceId: string, text: string, files: readonly File[]): Pending {
  const messageId = crypto.randomUUID();
  return { messageId, workspaceId, text, files, at: now(), state: "sending" };
}

/** Never rejects: the message itself says how it went. */
export async function deliver(pending: Pending, calls: Calls): Promise<void> {
  const base = `workspaces/${pending.workspaceId}`;
  try {
    const files = (pending.handedIn ??= await upload(pending, calls));
    const { messageId, text } = pending;
    const body: OutgoingMessage = { messageId, text, files };
    await calls.post(`${base}/messages`, body);
    pending.state = "sent";
  } catch (error) {
    pending.state = "failed";
    const { message, hint } = error as CallError;
    pending.problem = hint === undefined ? message : `${message} (${hint})`;
  }
}

async function upload({ files, workspaceId }: Pending, calls: Calls): Promise<SentFile[]> {
  if (files.length === 0) return [];
  return (await calls.upload<SentFiles>(`workspaces/${workspaceId}/files`, files)).files;
}
