/** One prompt, from its first word to its end. */
import { type Clock, LATE, STOPPED, within } from "../../shared/clock.ts";
import { formatDuration } from "../../shared/duration.ts";
import { getString } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import type { AcpConnection, Session } from "./connection.ts";
import type { ContentBlock } from "./content.ts";
import { lostSession, outcomeOfError } from "./errors.ts";
import { failureIn } from "./failure.ts";
import type { RpcAnswer, RpcError } from "./rpc.ts";
import type { Turn } from "./turn.ts";
import type { Outcome } from "../backend.ts";

/** How long an agent that was told to end its prompt may take, in milliseconds. */
export const CANCEL_GRACE_MS = 2_000;

export interface PromptParts {
  connection: AcpConnection;
  session: Session;
  turn: Turn;
  clock: Clock;
  timeoutMs: number;
  /** Handed on in `_meta`, where it is a key of its own (ACP, "Extensibility"). */
  traceparent: string;
  signal: AbortSignal;
  mask(text: string): string;
}

/** How the agent ended it. */
export type PromptEnd =
  /** Whether it was at its end, or at its limit of tokens. */
  | { kind: "said"; whole: boolean }
  /** The agent does not know the session, and has done nothing. */
  | { kind: "unknown-session"; error: RpcError }
  | { kind: "ended"; outcome: Outcome };

/**
 * Sends the prompt and waits for its end. One that lasts too long or is to stop is cancelled, and an
 * agent that does not obey is killed. The answer is in the turn. Never rejects.
 */
export async function prompt(parts: PromptParts, blocks: ContentBlock[]): Promise<PromptEnd> {
  const { connection, session, turn, clock, signal, timeoutMs, traceparent } = parts;
  const { rpc } = connection.process;
  session.turn = turn;
  // What comes for the session afterwards belongs to no answer.
  const done = () => void (session.turn = undefined);
  const params = { sessionId: session.id, prompt: blocks, _meta: { traceparent } };
  const running = rpc.request("session/prompt", params, { onAnswer: done });
  const end = await within(clock, timeoutMs, running, signal);
  if (end !== LATE && end !== STOPPED) return judge(parts, end);
  turn.cancelled = true;
  rpc.notify("session/cancel", { sessionId: session.id });
  const obeyed = await within(clock, CANCEL_GRACE_MS, running);
  if (obeyed === LATE) await connection.process.kill("it did not end a prompt when it was told to");
  done();
  return ended(end === STOPPED ? { kind: "stopped" } : overdue(timeoutMs));
}

async function judge(parts: PromptParts, answer: RpcAnswer): Promise<PromptEnd> {
  const { connection, session, turn, mask, signal } = parts;
  switch (answer.kind) {
    case "closed": {
      const end = await connection.process.ended;
      if (end.swept || signal.aborted) return ended({ kind: "stopped" });
      return ended({
        kind: "failed",
        reason: `the agent ended in the middle of its work: ${end.reason}`,
        told: "the agent's program ended in the middle of its work",
      });
    }
    case "error": {
      const { error } = answer;
      if (!turn.begun && lostSession(error, session.id)) return { kind: "unknown-session", error };
      return byError(parts, error);
    }
    case "result": {
      const failure = failureIn(answer.value);
      if (failure !== undefined) return byError(parts, failure);
      const end = byReason(getString(answer.value, "stopReason"), mask);
      return end.kind === "said" && turn.broken ? BROKEN : end;
    }
  }
}

function byError({ connection, turn, mask }: PromptParts, error: RpcError): PromptEnd {
  const stage = turn.acted ? "acting" : "asked";
  const { loginNames } = connection.facts;
  return ended(outcomeOfError(error, { mask, loginNames, doing: "answer", stage }));
}

const BROKEN = failed(
  "the agent says that its own system failed; what it said is no answer",
  "the agent failed",
);

/** ACP, "Prompt Turn", "Stop Reasons". */
function byReason(stopReason: string | undefined, mask: (text: string) => string): PromptEnd {
  switch (stopReason) {
    case "end_turn":
      return { kind: "said", whole: true };
    case "max_tokens":
      return { kind: "said", whole: false };
    case "max_turn_requests":
      return failed(
        "the agent reached its own limit of steps for one message",
        "the agent needed more steps than it is allowed for one message",
      );
    case "refusal":
      return failed("the agent refused to answer", "the agent refused to answer this message");
    case "cancelled":
      return failed(
        "the agent cancelled the message, although nobody had told it to",
        "the agent broke off its work",
      );
    default:
      return failed(
        `the agent ended for a reason that the protocol does not know: ${oneLine(mask(stopReason ?? "none given"), 60)}`,
        "the agent broke off its work",
      );
  }
}

function overdue(ms: number): Outcome {
  const limit = formatDuration(ms);
  return {
    kind: "failed",
    reason: `the agent was still at work after ${limit} and was told to stop; --backend-opt timeout=… gives it longer`,
    told: `the agent did not finish within ${limit}`,
  };
}

function failed(reason: string, told: string): PromptEnd {
  return ended({ kind: "failed", reason, told });
}

function ended(outcome: Outcome): PromptEnd {
  return { kind: "ended", outcome };
}
