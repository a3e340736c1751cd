/** Messages, run by an agent that is kept running. */
import { messageOf } from "../../shared/errors.ts";
import { KeyedLock } from "../../shared/keyed-lock.ts";
import { oneLine } from "../../shared/text.ts";
import { compose } from "./answer.ts";
import { choose, type Choices } from "./choices.ts";
import type { AcpConnection, Session } from "./connection.ts";
import { promptBlocks } from "./content.ts";
import { outcomeOfError } from "./errors.ts";
import { AcpKeeper, type KeeperSettings } from "./keeper.ts";
import type { Permissions } from "./permissions.ts";
import { prompt, type PromptEnd } from "./prompt.ts";
import { openSession, shown, startAnew, type Opened, type SessionParts } from "./session.ts";
import { again } from "./start-outcomes.ts";
import { Turn } from "./turn.ts";
import type { BackendParts, BackendRequest, Outcome, RunHooks } from "../backend.ts";
import { conversationOf } from "../conversation.ts";
import { childEnv } from "../process/child-env.ts";

export interface AcpSettings extends KeeperSettings {
  permissions: Permissions;
  /** The limit of one prompt. */
  timeoutMs: number;
  /** Whether messages of one conversation share a session. */
  remembers: boolean;
  choices: Choices;
}

/** A message on its way. */
interface Job {
  request: BackendRequest;
  signal: AbortSignal;
  hooks: RunHooks | undefined;
  /** Undefined where it gets a session of its own. */
  conversation: string | undefined;
}

export class AcpRuns {
  readonly #settings: AcpSettings;
  readonly #parts: BackendParts;
  readonly #keeper: AcpKeeper;
  readonly #lock = new KeyedLock();
  /** The activities of the messages that are run just now. */
  readonly #running = new Set<string>();

  constructor(settings: AcpSettings, parts: BackendParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#keeper = new AcpKeeper(settings, parts);
  }

  /** Answers the message; never rejects. */
  async run(
    request: BackendRequest,
    signal: AbortSignal,
    hooks: RunHooks | undefined,
  ): Promise<Outcome> {
    const conversation = this.#settings.remembers ? conversationOf(request) : undefined;
    const attempt = () => this.#attempt({ request, signal, hooks, conversation });
    // Two prompts at once on one session would be mixed up by the agent.
    return this.#lock.run(conversation ?? request.activityId, attempt, {
      signal,
      value: { kind: "stopped" },
    });
  }

  /** Ends the agent. Never rejects. */
  close(): Promise<void> {
    return this.#keeper.close();
  }

  async #attempt(job: Job): Promise<Outcome> {
    const { activityId } = job.request;
    this.#running.add(activityId);
    this.#attribute();
    try {
      const outcome = await this.#answer(job);
      // What was cut by the end of the agent that we asked for is not the message's fault.
      return this.#keeper.closed && outcome.kind !== "answer" ? { kind: "stopped" } : outcome;
    } catch (error) {
      const reason = `the message could not be run: ${oneLine(this.#mask(messageOf(error)))}`;
      return { kind: "failed", reason, told: "the agent failed" };
    } finally {
      this.#running.delete(activityId);
      this.#attribute();
    }
  }

  async #answer(job: Job): Promise<Outcome> {
    const ready = await this.#keeper.ready(job.signal);
    if (ready.kind === "ended") return ready.outcome;
    const { connection } = ready;
    if (this.#running.size === 1) connection.process.renewStderr();
    await job.hooks?.onChild(connection.process.pid, connection.process.identity);
    const parts = this.#sessionParts(job, connection);
    let opened = await this.#open(parts, () => openSession(parts, job.conversation));
    if (opened.kind === "ended") return opened.outcome;
    let end = await this.#prompt(job, connection, opened);
    // What it has just opened it knows: then it means something else that the message names.
    if (end.kind === "unknown-session" && !opened.fresh) {
      const why = shown(parts, end.error);
      connection.drop(opened.session);
      opened = await this.#open(parts, () => startAnew(parts, job.conversation, why));
      if (opened.kind === "ended") return opened.outcome;
      end = await this.#prompt(job, connection, opened);
    }
    if (job.conversation === undefined) connection.forget(opened.session);
    if (end.kind === "ended") return end.outcome;
    const { mask } = parts;
    const { loginNames } = connection.facts;
    return outcomeOfError(end.error, { mask, loginNames, doing: "answer", stage: "asked" });
  }

  #sessionParts({ request, signal }: Job, connection: AcpConnection): SessionParts {
    const { guard, cwd, command } = this.#settings;
    return {
      connection,
      memory: this.#parts.memory,
      cwd,
      program: command.words[0],
      meta: guard.meta?.(childEnv(this.#parts), cwd),
      ms: this.#settings.startTimeoutMs,
      signal,
      mask: (text) => this.#mask(text),
      onNote: (text) => this.#parts.onNote(text, request.activityId),
    };
  }

  /** Opens a session and sets it up as the operator chose. Nothing has been done yet where that fails. */
  async #open(parts: SessionParts, opening: () => Promise<Opened>): Promise<Opened> {
    try {
      const opened = await opening();
      if (opened.kind === "ended" || opened.setup === undefined) return opened;
      const { session, setup } = opened;
      const { choices, guard } = this.#settings;
      const outcome = await choose(parts, session.id, setup, choices, guard.modes);
      if (outcome === undefined) return opened;
      parts.connection.drop(session);
      return { kind: "ended", outcome };
    } catch (error) {
      const why = oneLine(this.#mask(messageOf(error)));
      return { kind: "ended", outcome: again(`the agent's session could not be opened: ${why}`) };
    }
  }

  async #prompt(
    { request, signal, hooks }: Job,
    connection: AcpConnection,
    { session, forgotten }: { session: Session; forgotten: boolean },
  ): Promise<Exclude<PromptEnd, { kind: "said" }>> {
    const { clock, secrets } = this.#parts;
    const { permissions, timeoutMs, cwd } = this.#settings;
    const mask = (text: string) => this.#mask(text);
    const onNote = (text: string) => this.#parts.onNote(text, request.activityId);
    const turn = new Turn({ permissions, hooks, mask, onNote });
    const before = session.spentUsd;
    const images = connection.facts.takesImages;
    const blocks = await promptBlocks(request, { forgotten, images });
    if (signal.aborted) return { kind: "ended", outcome: { kind: "stopped" } };
    const { traceparent } = request;
    const parts = { connection, session, turn, clock, timeoutMs, traceparent, signal, mask };
    const end = await prompt(parts, blocks);
    if (end.kind === "unknown-session") return end;
    this.#keeper.praise(connection);
    const { answerFolder } = request;
    const outcome =
      end.kind === "ended"
        ? end.outcome
        : await compose(turn, end.whole, { cwd, answerFolder, secrets, onNote });
    return { kind: "ended", outcome: withCost(outcome, before, session.spentUsd) };
  }

  /** What it writes to its stderr belongs to the message that it works for, where it is one. */
  #attribute(): void {
    const [first, ...others] = this.#running;
    this.#keeper.activityId = others.length === 0 ? first : undefined;
  }

  #mask(text: string): string {
    return this.#parts.secrets.mask(text);
  }
}

/** An agent tells what a session has cost so far; one that counts anew after a restart says less. */
function withCost(outcome: Outcome, before: number, after: number): Outcome {
  const costUsd = after < before ? after : after - before;
  const carries = outcome.kind === "answer" || outcome.kind === "failed";
  return carries && costUsd > 0 ? { ...outcome, costUsd } : outcome;
}
