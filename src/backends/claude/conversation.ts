/** A message within its conversation: which of claude's sessions it continues, and what is remembered. */
import { resolve } from "node:path";
import { messageOf } from "../../shared/errors.ts";
import { KeyedLock } from "../../shared/keyed-lock.ts";
import type { BackendParts, BackendRequest, Outcome, RunHooks } from "../backend.ts";
import type { ClaudeSettings, ClaudeTurn } from "./args.ts";
import { callClaude, type ClaudeEnd } from "./run.ts";
import { type ClaudeSession, newSession, recallSession, rememberSession } from "./session.ts";
import { conversationOf } from "../conversation.ts";
import { frame, type FrameOptions } from "../framing.ts";
import { said } from "../said.ts";

/** Children of one message: each that is refused its session is followed by one that is not. */
const CALLS_MAX = 6;

/** Runs messages, each in the session of its conversation, and no two of a session at once. */
export class ClaudeConversations {
  readonly #settings: ClaudeSettings;
  readonly #parts: BackendParts;
  /** Claude takes two runs of one session at once, and loses one of them. */
  readonly #lock = new KeyedLock();
  readonly #denialsTold = new Set<string>();

  constructor(settings: ClaudeSettings, parts: BackendParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /** Never throws. */
  async run(
    request: BackendRequest,
    signal: AbortSignal,
    hooks: RunHooks | undefined,
  ): Promise<Outcome> {
    if (signal.aborted) return { kind: "stopped" };
    const call = this.#caller(request, signal, hooks);
    if (!this.#settings.remembers) return (await call({ kind: "none" })).outcome;
    const conversation = conversationOf(request);
    const converse = () => this.#converse(request, conversation, call);
    return this.#lock.run(conversation, converse, { signal, value: { kind: "stopped" } });
  }

  /** Calls claude for one message, as often as it is refused its session, within the time for one. */
  #caller(request: BackendRequest, signal: AbortSignal, hooks: RunHooks | undefined) {
    const { clock, secrets } = this.#parts;
    const { timeoutMs } = this.#settings;
    let started: number | undefined;
    let spentUsd = 0;
    return async (turn: ClaudeTurn, options?: FrameOptions): Promise<ClaudeEnd> => {
      started ??= clock.monotonic();
      const end = await callClaude(this.#settings, this.#parts, {
        request,
        prompt: frame(request, options),
        turn,
        timeoutMs: Math.max(0, started + timeoutMs - clock.monotonic()),
        signal,
        hooks,
      });
      spentUsd += end.costUsd ?? 0;
      const cost = end.costUsd === undefined ? {} : { costUsd: spentUsd };
      const { outcome } = end;
      if (outcome.kind === "answer") {
        this.#noteDenials(end.denied, request);
        return { ...end, outcome: { ...outcome, text: secrets.mask(outcome.text), ...cost } };
      }
      return outcome.kind === "failed" ? { ...end, outcome: { ...outcome, ...cost } } : end;
    };
  }

  async #converse(
    request: BackendRequest,
    conversation: string,
    call: (turn: ClaudeTurn, options?: FrameOptions) => Promise<ClaudeEnd>,
  ): Promise<Outcome> {
    const { memory } = this.#parts;
    const cwd = resolve(this.#settings.cwd ?? ".");
    let session: ClaudeSession;
    let forgotten = false;
    /** The session that was too long, in case that its successor fares no better. */
    let before: ClaudeSession | undefined;
    const begin = (old: ClaudeSession, why: string) => {
      if (old.begun) this.#note(`${why}: it begins anew`, request);
      forgotten ||= old.begun;
      session = newSession(cwd);
    };
    try {
      session = (await recallSession(memory, conversation)) ?? newSession(cwd);
      if (session.cwd !== cwd) {
        begin(session, `claude held the conversation in ${session.cwd} and now works in ${cwd}`);
      }
      let resume = session.begun;
      for (let calls = 1; ; calls++) {
        // Before the run: if we die in the middle of it, claude knows the session.
        await rememberSession(memory, conversation, session);
        const turn = { kind: resume ? "resume" : "begin", session: session.id } as const;
        const end = await call(turn, { forgotten });
        const { trouble } = end;
        const isOver = trouble === undefined || (trouble === "too-long" && before !== undefined);
        if (isOver || calls === CALLS_MAX) {
          await this.#keep(conversation, session, before, end, request);
          return end.outcome;
        }
        resume = trouble === "taken";
        if (trouble === "unknown") {
          begin(session, "claude does not find the conversation any more");
        } else if (trouble === "too-long") {
          before = { ...session, begun: true };
          begin(before, "the conversation has become too long for claude to go on with it");
        }
      }
    } catch (error) {
      const why = said(messageOf(error), this.#parts.secrets);
      const reason = `what is remembered of the conversation could not be read or written: ${why}`;
      return { kind: "again", reason, told: "the agent could not look up the conversation" };
    }
  }

  /** Remembers what the run has changed. It is over, so a failure here must not have it done twice. */
  async #keep(
    conversation: string,
    session: ClaudeSession,
    before: ClaudeSession | undefined,
    { spoke }: ClaudeEnd,
    request: BackendRequest,
  ): Promise<void> {
    // The old one again where it was the message that was too long.
    const now = spoke ? { ...session, begun: true } : (before ?? session);
    if (now.id === session.id && now.begun === session.begun) return;
    try {
      await rememberSession(this.#parts.memory, conversation, now);
    } catch (error) {
      const why = said(messageOf(error), this.#parts.secrets);
      this.#note(`the session of a conversation could not be kept: ${why}`, request);
    }
  }

  /** Once for each tool: the operator may want to allow it. */
  #noteDenials(denied: readonly string[], request: BackendRequest): void {
    const fresh = denied.filter((tool) => !this.#denialsTold.has(tool)).slice(0, DENIALS_TOLD_MAX);
    if (fresh.length === 0 || this.#denialsTold.size >= DENIALS_TOLD_MAX) return;
    for (const tool of fresh) this.#denialsTold.add(tool);
    this.#note(
      `claude was not allowed to use ${fresh.join(", ")} (--backend-opt allowed_tools=… and permission_mode=… say what is)`,
      request,
    );
  }

  #note(text: string, { activityId }: BackendRequest): void {
    this.#parts.onNote(text, activityId);
  }
}

const DENIALS_TOLD_MAX = 50;
