/** Claude's sessions, one for each conversation, as the bridge remembers them. */
import { get, getString, tryParseJson } from "../../shared/json.ts";
import { isUuid } from "../../shared/ids.ts";
import type { BackendMemory } from "../backend.ts";

export interface ClaudeSession {
  /** What claude calls it. Random: the transcript is a file of that name, which nobody shall guess. */
  id: string;
  /** The folder it was held in: claude finds its sessions by it. */
  cwd: string;
  /** Something was said in it. Until then nobody knows whether claude has written it down. */
  begun: boolean;
}

/** A session of its own, to be remembered before it is used. */
export function newSession(cwd: string): ClaudeSession {
  return { id: crypto.randomUUID(), cwd, begun: false };
}

/** The session of a conversation; undefined where there is none, or what is kept can't be read. */
export async function recallSession(
  memory: BackendMemory,
  conversation: string,
): Promise<ClaudeSession | undefined> {
  const kept = tryParseJson(await memory.recall(conversation));
  const id = getString(kept, "session");
  const cwd = getString(kept, "cwd");
  if (!isUuid(id) || cwd === undefined) return undefined;
  return { id, cwd, begun: get(kept, "begun") === true };
}

/** Keeps it for another 30 days. */
export function rememberSession(
  memory: BackendMemory,
  conversation: string,
  { id, cwd, begun }: ClaudeSession,
): Promise<void> {
  return memory.remember(conversation, JSON.stringify({ session: id, cwd, begun }));
}
