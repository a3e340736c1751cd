/** One message to an A2A agent: sent, its task followed, its answer read. */
import { textIn } from "../../a2a/message.ts";
import { messageOf } from "../../shared/errors.ts";
import { uuidV5 } from "../../shared/ids.ts";
import { type A2aAgent, NOT_SPOKEN, type RpcResult, TASK_NOT_FOUND } from "./a2a-agent.ts";
import { composeAnswer, partsOfTask } from "./a2a-answer.ts";
import type { Version } from "./a2a-dialect.ts";
import { cancel, follow } from "./a2a-follow.ts";
import { A2aMemory, type OpenTask, type Thread } from "./a2a-memory.ts";
import { metadataOf, outParts } from "./a2a-parts.ts";
import { type AgentTask, isAsking, readResult } from "./a2a-result.ts";
import type { BackendParts, BackendRequest, Outcome, RunHooks } from "../backend.ts";
import { conversationOf } from "../conversation.ts";
import { Limit } from "../http-limit.ts";
import { outcomeOfTimeout } from "./outcome.ts";
import { said } from "../said.ts";
import type { HttpSettings } from "./settings.ts";

/**
 * Errors by which an agent refuses a message for the task that it names: it has forgotten it, or it
 * has ended, or will not be continued. Nothing was done.
 */
const TASK_REFUSED = new Set([TASK_NOT_FOUND, -32002, -32004, -32600, -32602]);
/** The message itself is refused. */
const MESSAGE_REFUSED = new Set([-32600, -32602, -32005]);

/** Made for one message. */
export class A2aRun {
  readonly #agent: A2aAgent;
  readonly #settings: HttpSettings;
  readonly #parts: BackendParts;
  readonly #request: BackendRequest;
  readonly #hooks: RunHooks | undefined;
  readonly #memory: A2aMemory;

  constructor(
    agent: A2aAgent,
    settings: HttpSettings,
    parts: BackendParts,
    request: BackendRequest,
    hooks: RunHooks | undefined,
  ) {
    this.#agent = agent;
    this.#settings = settings;
    this.#parts = parts;
    this.#request = request;
    this.#hooks = hooks;
    const { url, remembers } = settings;
    this.#memory = new A2aMemory(parts, url.href, request, remembers);
  }

  /** Ends as `stopped` when the signal aborts, with the agent's task told to end. */
  async run(signal: AbortSignal): Promise<Outcome> {
    using limit = new Limit(this.#parts.clock, this.#settings.timeoutMs, signal);
    let left: OpenTask | undefined;
    try {
      left = await this.#memory.openTask();
    } catch (error) {
      const why = said(messageOf(error), this.#parts.secrets);
      const reason = `what is known of the talk with the agent could not be read: ${why}`;
      return { kind: "again", reason, told: "the agent could not look up the conversation" };
    }
    if (left !== undefined) {
      const thread = await this.#memory.thread();
      const outcome = await this.#follow(left, undefined, thread, limit);
      // Gone, or canceled when we were stopped: then the message is as new.
      if (outcome !== undefined) return outcome;
    }
    // Awaited here: the limit ends with this function.
    return await this.#send(await this.#memory.thread(), limit);
  }

  async #send(thread: Thread | undefined, limit: Limit): Promise<Outcome> {
    const { remembers } = this.#settings;
    const draft = {
      // The same on each run of the message, so that an agent can tell a repeat.
      messageId: uuidV5(JSON.stringify(["a2a message", this.#request.activityId])),
      contextId: remembers ? (thread?.contextId ?? conversationOf(this.#request)) : undefined,
      taskId: thread?.taskId,
      parts: await outParts(this.#request),
      metadata: metadataOf(this.#request),
    };
    const { traceparent } = this.#request;
    const options = { signal: limit.signal, traceparent };
    const { version, answer } = await this.#agent.send(draft, options);
    if (draft.taskId !== undefined && answer.kind === "error" && TASK_REFUSED.has(answer.code)) {
      const fresh = { contextId: thread?.contextId };
      await this.#memory.keepThread(fresh);
      return this.#send(fresh, limit);
    }
    return this.#judge(answer, version, thread, limit);
  }

  async #judge(
    answer: RpcResult,
    version: Version,
    thread: Thread | undefined,
    limit: Limit,
  ): Promise<Outcome> {
    switch (answer.kind) {
      case "ended":
        return limit.expired ? outcomeOfTimeout(this.#settings) : { kind: "stopped" };
      case "failure":
        return answer.outcome;
      case "error":
        return this.#refusal(answer.code, answer.words);
      case "result": {
        const found = readResult(answer.result);
        if (found === undefined) return unreadable(this.#settings.shown);
        if (found.kind === "message") {
          await this.#memory.keepThread({ contextId: found.contextId ?? thread?.contextId });
          return this.#compose([found.parts]);
        }
        const asked = thread?.taskId === found.id ? thread.asked : undefined;
        const task = { id: found.id, version, asked };
        // Before anything else: a crash from here on must find it again.
        await this.#memory.keepOpenTask(task);
        const followed = await this.#follow(task, found, thread, limit);
        return followed ?? gone();
      }
    }
  }

  /** Undefined where the task is gone, or was canceled before this run. */
  async #follow(
    task: OpenTask,
    seen: AgentTask | undefined,
    thread: Thread | undefined,
    limit: Limit,
  ): Promise<Outcome | undefined> {
    const { clock, secrets } = this.#parts;
    const { traceparent } = this.#request;
    const parts = { clock, secrets, hooks: this.#hooks, traceparent };
    const end = await follow(this.#agent, task, seen, limit.signal, parts);
    switch (end.kind) {
      case "ended":
        await cancel(this.#agent, task, parts);
        // Kept where we were stopped: the next run looks what became of it.
        if (!limit.expired) return { kind: "stopped" };
        await this.#memory.keepOpenTask(undefined);
        return outcomeOfTimeout(this.#settings);
      case "gone":
        await this.#memory.keepOpenTask(undefined);
        return undefined;
      case "failure":
        // What the operator can mend is looked at again.
        if (end.outcome.kind !== "operator") await this.#memory.keepOpenTask(undefined);
        return end.outcome;
      case "task": {
        const wasStopped = seen === undefined && end.state === "canceled";
        const outcome = wasStopped ? undefined : await this.#end(end);
        await this.#memory.keepThread(threadAfter(end, thread));
        await this.#memory.keepOpenTask(undefined);
        return outcome;
      }
    }
  }

  #end(task: AgentTask): Promise<Outcome> | Outcome {
    if (task.state === "completed") return this.#compose(partsOfTask(task));
    if (isAsking(task.state)) {
      if (task.status.length > 0) return this.#compose([task.status]);
      const words = task.state === "auth-required" ? NEEDS_LOGIN : NEEDS_INPUT;
      return this.#compose([...task.artifacts, [{ kind: "text", text: words }]]);
    }
    const why = said(textIn(task.status), this.#parts.secrets);
    return {
      kind: "failed",
      reason: `the agent's task is ${task.state}${why === "" ? "" : `: ${why}`}`,
      told: `the agent reports its task as ${task.state}`,
    };
  }

  #compose(groups: Parameters<typeof composeAnswer>[0]): Promise<Outcome> {
    const { maxAnswer } = this.#settings;
    const { answerFolder } = this.#request;
    return composeAnswer(groups, { maxAnswer, answerFolder, secrets: this.#parts.secrets });
  }

  #refusal(code: number, words: string): Outcome {
    if (NOT_SPOKEN.has(code)) {
      return {
        kind: "operator",
        reason: `what answers at ${this.#settings.shown} takes no A2A messages: ${words} (${code})`,
        told: "the agent is not where it was expected",
        hint: "check --backend-opt url=… and protocol=…; --backend-opt format=raw is for agents without A2A",
      };
    }
    return {
      kind: "failed",
      reason: `the agent answered with an error: ${words} (${code})`,
      told: MESSAGE_REFUSED.has(code)
        ? "the agent does not accept the message"
        : "the agent failed while it worked on the message",
    };
  }
}

const NEEDS_INPUT = "The agent needs more from you before it can go on.";
const NEEDS_LOGIN = "The agent needs a login or a permission before it can go on.";

function threadAfter(task: AgentTask, thread: Thread | undefined): Thread {
  const contextId = task.contextId ?? thread?.contextId;
  return isAsking(task.state)
    ? { contextId, taskId: task.id, asked: task.statusMark }
    : { contextId };
}

function unreadable(shown: string): Outcome {
  return {
    kind: "failed",
    reason: `${shown} answered with neither a message nor a task`,
    told: "the agent gave an answer that can't be read",
  };
}

function gone(): Outcome {
  return {
    kind: "failed",
    reason: "the agent took the message and has forgotten its task: was it restarted?",
    told: "the agent has lost the task that it was working on",
  };
}
