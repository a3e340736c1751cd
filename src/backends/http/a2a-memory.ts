/** What is kept of the talks with an A2A agent: its ids of a conversation, and of a task at work. */
import { uuidV5 } from "../../shared/ids.ts";
import { get, getString, parseJson } from "../../shared/json.ts";
import type { Version } from "./a2a-dialect.ts";
import type { BackendMemory, BackendRequest } from "../backend.ts";
import { conversationOf } from "../conversation.ts";

/** A conversation as the agent knows it. */
export interface Thread {
  contextId: string | undefined;
  /** A task that waits for the next message. */
  taskId?: string | undefined;
  /** The mark of the status in which it asked (see `a2a-result.ts`). */
  asked?: string | undefined;
}

/** A task that works on a message. */
export interface OpenTask {
  id: string;
  version: Version;
  /**
   * The mark of the question that the message answers, if it does: the agent may show it until it has
   * read the message.
   */
  asked: string | undefined;
}

/** The memory of one message's run. Rejects as the backend's own memory does. */
export class A2aMemory {
  readonly #memory: BackendMemory;
  readonly #threadKey: string | undefined;
  readonly #taskKey: string;

  /** `place`: the agent's address, so that no agent is told another's ids. */
  constructor(memory: BackendMemory, place: string, request: BackendRequest, remembers: boolean) {
    this.#memory = memory;
    const key = (...names: string[]) => uuidV5(JSON.stringify(["a2a", place, ...names]));
    this.#threadKey = remembers ? key("conversation", conversationOf(request)) : undefined;
    this.#taskKey = key("task", request.workspaceId, request.activityId);
  }

  async thread(): Promise<Thread | undefined> {
    if (this.#threadKey === undefined) return undefined;
    const kept = await this.#recall(this.#threadKey);
    if (kept === undefined) return undefined;
    return {
      contextId: getString(kept, "contextId"),
      taskId: getString(kept, "taskId"),
      asked: getString(kept, "asked"),
    };
  }

  async keepThread(thread: Thread): Promise<void> {
    if (this.#threadKey === undefined) return;
    await this.#memory.remember(this.#threadKey, JSON.stringify(thread));
  }

  /** The task that an earlier run of the same message left at work. */
  async openTask(): Promise<OpenTask | undefined> {
    const kept = await this.#recall(this.#taskKey);
    const id = getString(kept, "id");
    if (id === undefined) return undefined;
    const version = get(kept, "version") === "1.0" ? "1.0" : "0.3";
    return { id, version, asked: getString(kept, "asked") };
  }

  async keepOpenTask(task: OpenTask | undefined): Promise<void> {
    const text = task === undefined ? undefined : JSON.stringify(task);
    await this.#memory.remember(this.#taskKey, text);
  }

  async #recall(key: string): Promise<unknown> {
    const kept = await this.#memory.recall(key);
    if (kept === undefined) return undefined;
    try {
      return parseJson(kept);
    } catch {
      return undefined;
    }
  }
}
