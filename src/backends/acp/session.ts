/** The session with an agent that belongs to a conversation: the one that is open, an earlier one, or a new one. */
import { LATE, STOPPED } from "../../shared/clock.ts";
import { formatDuration } from "../../shared/duration.ts";
import { getNumber, getString, tryParseJson } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import type { AcpConnection, Session } from "./connection.ts";
import { kindOf, lostSession, outcomeOfError, wordsOf } from "./errors.ts";
import type { RpcAnswer, RpcError } from "./rpc.ts";
import type { BackendMemory, Outcome } from "../backend.ts";

export interface SessionParts {
  connection: AcpConnection;
  memory: BackendMemory;
  /** Where the agent works. */
  cwd: string;
  /** What it is called when it does not say. */
  program: string;
  /** `_meta` of what opens one. */
  meta: object | undefined;
  /** How long opening may take, in milliseconds. */
  ms: number;
  signal: AbortSignal;
  mask(text: string): string;
  onNote(text: string): void;
}

export type Called = Exclude<RpcAnswer, { kind: "closed" }> | { kind: "ended"; outcome: Outcome };

export type Opened =
  | {
      kind: "open";
      session: Session;
      /** There was an earlier one, which could not be taken up. */
      forgotten: boolean;
      /** It has just begun. */
      fresh: boolean;
      /** What the agent said on opening it (modes, options); undefined where it was open already. */
      setup: unknown;
    }
  | { kind: "ended"; outcome: Outcome };

/**
 * Opens the session of the conversation, or one for this message alone where there is none. What is
 * opened is remembered before it is used: after a crash its next message finds it.
 */
export async function openSession(
  parts: SessionParts,
  conversation: string | undefined,
): Promise<Opened> {
  const { connection } = parts;
  if (conversation === undefined) return renew(parts, undefined, false);
  const open = connection.find(conversation);
  if (open !== undefined) {
    await remember(parts, conversation, open.id);
    return { kind: "open", session: open, forgotten: false, fresh: false, setup: undefined };
  }
  const known = await recall(parts, conversation);
  if (known === undefined) return renew(parts, conversation, false);
  const why = obstacle(parts, known);
  if (why !== undefined) return startAnew(parts, conversation, why);
  const session = connection.know(known.sessionId, conversation);
  if (session === undefined) return startAnew(parts, conversation, TAKEN);
  const method = connection.facts.resumes ? "session/resume" : "session/load";
  const answer = await call(parts, method, { sessionId: known.sessionId, ...setupOf(parts) });
  if (answer.kind === "result") {
    await remember(parts, conversation, session.id);
    return { kind: "open", session, forgotten: false, fresh: false, setup: answer.value };
  }
  connection.drop(session);
  return answer.kind === "ended"
    ? unanswered(parts, conversation, known, answer)
    : refused(parts, conversation, known, answer.error);
}

/** It ended or hung over it: it may do so each time, but just as well this once. */
async function unanswered(
  parts: SessionParts,
  conversation: string,
  { sessionId, tries }: Known,
  answer: { kind: "ended"; outcome: Outcome },
): Promise<Opened> {
  if (answer.outcome.kind === "again") await remember(parts, conversation, sessionId, tries + 1);
  return answer;
}

/** Only what says that the session is gone is believed at once: some say the same of all that goes wrong. */
async function refused(
  parts: SessionParts,
  conversation: string,
  { sessionId, tries }: Known,
  error: RpcError,
): Promise<Opened> {
  const kind = kindOf(error);
  if (kind === "missing" || kind === "other") {
    if (lostSession(error, sessionId) || tries + 1 >= MAX_TRIES) {
      return startAnew(parts, conversation, shown(parts, error));
    }
    await remember(parts, conversation, sessionId, tries + 1);
  }
  return ended(parts, error, "take up the conversation");
}

/** Tries to take up a session, in a row, after which it is given up. */
const MAX_TRIES = 3;

/** A new session in the place of one that the agent has lost, said to the operator once. */
export async function startAnew(
  parts: SessionParts,
  conversation: string | undefined,
  why: string,
): Promise<Opened> {
  parts.onNote(
    `the agent can't take up the earlier conversation, and begins a new one that knows nothing of it: ${why}`,
  );
  return renew(parts, conversation, conversation !== undefined);
}

/** An error's words, fit for a note. */
export function shown({ mask }: Pick<SessionParts, "mask">, error: RpcError): string {
  const words = wordsOf(error, mask);
  return words === "" ? `it answered with the error ${error.code}` : words;
}

async function renew(
  parts: SessionParts,
  conversation: string | undefined,
  forgotten: boolean,
): Promise<Opened> {
  const answer = await call(parts, "session/new", setupOf(parts));
  if (answer.kind === "ended") return answer;
  if (answer.kind === "error") return ended(parts, answer.error, "start a session");
  const id = getString(answer.value, "sessionId");
  if (id === undefined || id.length > MAX_ID) {
    const error = { code: 0, message: "it gave the new session no id", data: undefined };
    return ended(parts, error, "start a session");
  }
  const session = parts.connection.know(id, conversation);
  if (session === undefined) {
    return ended(parts, { code: 0, message: TAKEN, data: undefined }, "start a session");
  }
  if (conversation !== undefined) await remember(parts, conversation, id);
  return { kind: "open", session, forgotten, fresh: true, setup: answer.value };
}

function setupOf({ cwd, meta }: SessionParts): object {
  return { cwd, mcpServers: [], ...(meta === undefined ? {} : { _meta: meta }) };
}

const TAKEN = "the agent has given its session's id to another conversation";

/** Characters of a session's id that are believed. */
const MAX_ID = 1_000;

interface Known {
  sessionId: string;
  cwd: string | undefined;
  agent: string | undefined;
  /** How often it could not be taken up, in a row. */
  tries: number;
}

/** Why an earlier session can't even be tried. */
function obstacle({ connection, cwd, program }: SessionParts, known: Known): string | undefined {
  const { facts } = connection;
  const agent = facts.name ?? program;
  if (known.agent !== agent) {
    return `it was held with another agent (${oneLine(known.agent ?? "unknown")})`;
  }
  // Some agents find a session only in the folder in which it began.
  if (known.cwd !== cwd)
    return `it was held in another folder (${oneLine(known.cwd ?? "unknown")})`;
  if (known.tries >= MAX_TRIES) return `the agent failed over it ${known.tries} times`;
  return facts.resumes || facts.loads ? undefined : "the agent keeps none when it ends";
}

const keyOf = (conversation: string) => `session ${conversation}`;

async function recall({ memory }: SessionParts, conversation: string): Promise<Known | undefined> {
  const kept = tryParseJson(await memory.recall(keyOf(conversation)));
  const sessionId = getString(kept, "sessionId");
  if (sessionId === undefined) return undefined;
  return {
    sessionId,
    cwd: getString(kept, "cwd"),
    agent: getString(kept, "agent"),
    tries: getNumber(kept, "tries") ?? 0,
  };
}

async function remember(
  parts: SessionParts,
  conversation: string,
  sessionId: string,
  tries = 0,
): Promise<void> {
  const { cwd, program, connection } = parts;
  const agent = connection.facts.name ?? program;
  const kept = { sessionId, cwd, agent, ...(tries === 0 ? {} : { tries }) };
  await parts.memory.remember(keyOf(conversation), JSON.stringify(kept));
}

/** Calls a method before the prompt; with an outcome where it did not answer. */
export async function call(
  parts: Pick<SessionParts, "connection" | "ms" | "signal">,
  method: string,
  params: object,
): Promise<Called> {
  const { connection, ms, signal } = parts;
  const answer = await connection.call(method, params, ms, signal);
  if (answer === STOPPED) return { kind: "ended", outcome: { kind: "stopped" } };
  if (answer === LATE) {
    const reason = `the agent did not answer ${method} within ${formatDuration(ms)}`;
    // It hangs, and would for the next message too. Others that it works for are not disturbed.
    if (!connection.busy) await connection.process.kill("it was ended, for it hung");
    const told = "the agent could not be started in time";
    return { kind: "ended", outcome: { kind: "again", reason, told } };
  }
  if (answer.kind !== "closed") return answer;
  const end = await connection.process.ended;
  if (end.swept || signal.aborted) return { kind: "ended", outcome: { kind: "stopped" } };
  const reason = `the agent ended before it had begun with the message: ${end.reason}`;
  const told = "the agent could not be started";
  return { kind: "ended", outcome: { kind: "again", reason, told } };
}

function ended(parts: SessionParts, error: RpcError, doing: string): Opened {
  const { loginNames } = parts.connection.facts;
  const context = { mask: parts.mask, loginNames, doing, stage: "before" as const };
  return { kind: "ended", outcome: outcomeOfError(error, context) };
}
