/** Claude's sessions, one for each conversation, as the bridge remembers them. */
import { get, getNumber, getString, parseJson } from "../../shared/json.ts";
import { isUuid, uuidV5 } from "../../shared/ids.ts";
import type { BackendMemory } from "../backend.ts";

export interface ClaudeSession {
  /** What claude calls it. */
  id: string;
  /** The folder it was held in: claude finds its sessions by it. */
  cwd: string;
  /** How many sessions the conversation has had before. */
  n: number;
  /** Something was said in it. Until then nobody knows whether claude has written it down. */
  begun: boolean;
}

/** The first session of a conversation, or the one after `before`. The same each time. */
export function newSession(
  conversation: string,
  cwd: string,
  before?: Pick<ClaudeSession, "n">,
): ClaudeSession {
  const n = before === undefined ? 0 : before.n + 1;
  const id = uuidV5(JSON.stringify(["claude-code", conversation, n]));
  return { id, cwd, n, begun: false };
}

/** The session of a conversation; undefined where there is none, or what is kept can't be read. */
export async function recallSession(
  memory: BackendMemory,
  conversation: string,
): Promise<ClaudeSession | undefined> {
  const text = await memory.recall(conversation);
  if (text === undefined) return undefined;
  let kept: unknown;
  try {
    kept = parseJson(text);
  } catch {
    return undefined;
  }
  const id = getString(kept, "session");
  const cwd = getString(kept, "cwd");
  const n = getNumber(kept, "n");
  if (!isUuid(id) || cwd === undefined || n === undefined) return undefined;
  if (!Number.isSafeInteger(n) || n < 0) return undefined;
  return { id, cwd, n, begun: get(kept, "begun") === true };
}

/** Keeps it for another 30 days. */
export function rememberSession(
  memory: BackendMemory,
  conversation: string,
  { id, cwd, n, begun }: ClaudeSession,
): Promise<void> {
  return memory.remember(conversation, JSON.stringify({ session: id, cwd, n, begun }));
}
