/** What is kept of the talks with an A2A agent: its ids of a conversation, and of a task at work. */
import { messageOf } from "../../shared/errors.ts";
import { uuidV5 } from "../../shared/ids.ts";
import { get, getString, tryParseJson } from "../../shared/json.ts";
import type { Version } from "./a2a-dialect.ts";
import type { BackendParts, BackendRequest } from "../backend.ts";
import { conversationOf } from "../conversation.ts";
import { said } from "../said.ts";

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

/**
 * The memory of one message's run. Only `openTask` rejects, as the backend's own memory does: without it
 * the agent might be given a message twice. The rest is worth less than an answer: what fails there is
 * told to the operator, once for a message.
 */
export class A2aMemory {
  readonly #parts: BackendParts;
  readonly #activityId: string;
  readonly #threadKey: string | undefined;
  readonly #taskKey: string;
  #complained = false;

  /** `place`: the agent's address, so that no agent is told another's ids. */
  constructor(parts: BackendParts, place: string, request: BackendRequest, remembers: boolean) {
    this.#parts = parts;
    this.#activityId = request.activityId;
    const key = (...names: string[]) => uuidV5(JSON.stringify(["a2a", place, ...names]));
    this.#threadKey = remembers ? key("conversation", conversationOf(request)) : undefined;
    this.#taskKey = key("task", request.workspaceId, request.activityId);
  }

  async thread(): Promise<Thread | undefined> {
    if (this.#threadKey === undefined) return undefined;
    const kept = await this.#recall(this.#threadKey).catch((error) => this.#note("read", error));
    if (kept === undefined) return undefined;
    return {
      contextId: getString(kept, "contextId"),
      taskId: getString(kept, "taskId"),
      asked: getString(kept, "asked"),
    };
  }

  async keepThread(thread: Thread): Promise<void> {
    if (this.#threadKey === undefined) return;
    await this.#remember(this.#threadKey, JSON.stringify(thread));
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
    await this.#remember(this.#taskKey, text);
  }

  async #remember(key: string, value: string | undefined): Promise<void> {
    try {
      await this.#parts.memory.remember(key, value);
    } catch (error) {
      this.#note("kept", error);
    }
  }

  async #recall(key: string): Promise<unknown> {
    return tryParseJson(await this.#parts.memory.recall(key));
  }

  #note(what: string, error: unknown): undefined {
    if (this.#complained) return;
    this.#complained = true;
    const why = said(messageOf(error), this.#parts.secrets);
    const note = `what is known of the talk with the agent could not be ${what}: ${why}`;
    this.#parts.onNote(note, this.#activityId);
  }
}
