/** Follows a task of an A2A agent until it ends, or asks for something. */
import type { Clock } from "../../shared/clock.ts";
import { RETRY_AFTER_MAX_MS } from "../../shared/backoff.ts";
import type { Secrets } from "../../shared/secrets.ts";
import { clip, oneLine } from "../../shared/text.ts";
import { textIn } from "../../a2a/message.ts";
import { type A2aAgent, type CallOptions, TASK_NOT_FOUND } from "./a2a-agent.ts";
import { HISTORY_LENGTH } from "./a2a-dialect.ts";
import type { OpenTask } from "./a2a-memory.ts";
import { type AgentTask, isAsking, isTerminal, readResult } from "./a2a-result.ts";
import type { Outcome, RunHooks } from "../backend.ts";
import { Limit } from "../http-limit.ts";

const PAUSE_MIN_MS = 500;
const PAUSE_MAX_MS = 5_000;
const PAUSE_GROWTH = 1.5;
const LOOK_DEADLINE_MS = 30_000;
const CANCEL_DEADLINE_MS = 2_000;
const TASK_CHARS = 80;
const SAID_CHARS = 10_000;

/** How it went on. */
export type Followed =
  /** It has ended, or asks. */
  | AgentTask
  /** The agent does not know it any more. */
  | { kind: "gone" }
  | { kind: "failure"; outcome: Outcome }
  /** The signal aborted. */
  | { kind: "ended" };

/** What following needs from around it. */
export interface FollowParts {
  clock: Clock;
  secrets: Secrets;
  hooks: RunHooks | undefined;
  /** Of the run that follows it. */
  traceparent: string;
}

/**
 * Looks at the task with growing pauses until it is done. What may pass (no connection, 5xx) is borne
 * until then: the task works on. `seen`: the task as an answer just showed it.
 */
export async function follow(
  agent: A2aAgent,
  task: OpenTask,
  seen: AgentTask | undefined,
  signal: AbortSignal,
  { clock, secrets, hooks, traceparent }: FollowParts,
): Promise<Followed> {
  let now = seen;
  // A task that an earlier run left is looked at without delay.
  let pauseMs = seen === undefined ? 0 : PAUSE_MIN_MS;
  let told: string | undefined;
  for (;;) {
    if (now !== undefined) {
      const isOld = task.asked !== undefined && now.statusMark === task.asked;
      if (isTerminal(now.state) || (isAsking(now.state) && !isOld)) return now;
      const progress = isOld ? "" : textIn(now.status).trim();
      if (progress !== "" && progress !== told) tell(progress, secrets, hooks);
      told = progress;
    }
    if (pauseMs > 0) await clock.sleep(pauseMs, signal);
    if (signal.aborted) return { kind: "ended" };
    const looked = await look(agent, task, { signal, traceparent }, clock);
    pauseMs = Math.min(Math.max(pauseMs * PAUSE_GROWTH, PAUSE_MIN_MS), PAUSE_MAX_MS);
    if (looked.kind === "later") {
      pauseMs = Math.min(Math.max(pauseMs, looked.retryAfterMs ?? 0), RETRY_AFTER_MAX_MS);
    } else if (looked.kind === "task") now = looked;
    else return looked;
  }
}

/** Asks the agent to end the task. It may not hear it, or not heed it: nothing depends on that. */
export async function cancel(
  agent: A2aAgent,
  task: OpenTask,
  { clock, traceparent }: Pick<FollowParts, "clock" | "traceparent">,
): Promise<void> {
  using limit = new Limit(clock, CANCEL_DEADLINE_MS);
  const { signal } = limit;
  await agent.task("cancel", task.version, { id: task.id }, { signal, traceparent });
}

async function look(
  agent: A2aAgent,
  task: OpenTask,
  { signal, traceparent }: CallOptions,
  clock: Clock,
): Promise<Followed | { kind: "later"; retryAfterMs: number | undefined }> {
  using limit = new Limit(clock, LOOK_DEADLINE_MS, signal);
  const params = { id: task.id, historyLength: HISTORY_LENGTH };
  const options = { signal: limit.signal, traceparent };
  const answer = await agent.task("get", task.version, params, options);
  switch (answer.kind) {
    case "ended":
      return limit.expired ? { kind: "later", retryAfterMs: undefined } : answer;
    case "failure":
      return answer.passing ? { kind: "later", retryAfterMs: answer.retryAfterMs } : answer;
    case "error":
      if (answer.code === TASK_NOT_FOUND) return { kind: "gone" };
      return { kind: "failure", outcome: lostSight(`${answer.words} (${answer.code})`) };
    case "result": {
      const found = readResult(answer.result);
      if (found?.kind === "task") return found;
      return { kind: "failure", outcome: lostSight("what it shows is no task") };
    }
  }
}

function lostSight(why: string): Outcome {
  return {
    kind: "failed",
    reason: `the agent took the message and does not show its task: ${why}`,
    told: "the agent took the message, but what became of it can't be seen",
  };
}

function tell(progress: string, secrets: Secrets, hooks: RunHooks | undefined): void {
  const masked = clip(secrets.mask(progress), SAID_CHARS);
  hooks?.onTask?.(oneLine(masked, TASK_CHARS));
  hooks?.onText?.(masked);
}
