/** One run of one message by the backend. */
import type { Backend, BackendRequest, Outcome } from "../../backends/backend.ts";
import { interpret, readRow, type InboundMessage } from "../../a2a/feed-row.ts";
import type { Platform } from "../../platform/platform.ts";
import { LATE, within } from "../../shared/clock.ts";
import { formatDuration } from "../../shared/duration.ts";
import { messageOf } from "../../shared/errors.ts";
import { tryParseJson } from "../../shared/json.ts";
import type { ChildProcess, Head } from "../../store/store.ts";
import type { Budget } from "./budget.ts";
import { senderName } from "../events.ts";
import { harmless } from "./hooks.ts";
import type { Interim } from "./interim.ts";
import type { Keeper } from "../keeper.ts";
import type { MessageFiles } from "../files/message-files.ts";
import type { BridgeOptions, BridgeParts } from "../parts.ts";
import type { Patience } from "./patience.ts";
import type { PeerNames } from "./peer-names.ts";
import { countCost } from "./run-cost.ts";
import { runTrace } from "./trace.ts";
import { dead, judge, type Verdict } from "./verdict.ts";
import type { Vitals } from "../presence/vitals.ts";
import type { Watchdog } from "../watchdog.ts";

/** A backend ends its own runs; one that fails to is not waited for longer than this on top. */
const OVERTIME_MS = 30_000;
const SLACK_MS = 60_000;

/** What an asker may read of files that make him wait, or that nothing can be done about. */
const FILES_AWAITED = "the files that came with it can't be fetched";
const FILES_FAILED = "there is no place for its files";

export interface RunDeps {
  budget: Budget;
  files: Pick<MessageFiles, "prepare" | "collect">;
  /** Undefined where the canvas user is shown nothing before the answer. */
  interim: Interim | undefined;
  keeper: Keeper;
  names: PeerNames;
  patience: Patience;
  vitals: Vitals;
  watchdog: Watchdog;
}

/** The message in a row as the journal keeps it; undefined where it can't be read. */
export function readEntered(raw: string, workspaceId: string): InboundMessage | undefined {
  const row = readRow(tryParseJson(raw));
  const reading = row === undefined ? undefined : interpret(row, workspaceId);
  return reading?.kind === "message" ? reading.message : undefined;
}

/** What becomes of a message for which the backend is not asked, and why it is not; undefined where it is. */
export function withoutRun(
  { takesEmptyText }: Pick<Backend, "takesEmptyText">,
  { onReply }: Pick<BridgeOptions, "onReply">,
  { isReply, isEmpty }: Pick<Head, "isReply" | "isEmpty">,
): { verdict: Verdict; reason: string } | undefined {
  const silent: Verdict = { kind: "silent", dead: undefined };
  if (isReply && onReply === "skip") {
    return { verdict: silent, reason: "an answer to us (--on-reply skip)" };
  }
  if (!isEmpty || takesEmptyText) return undefined;
  const reason = "it has neither text nor files";
  if (isReply) return { verdict: silent, reason };
  const text = "Your message holds no text or file that I can read.";
  return { verdict: { kind: "answered", text, failure: true, dead: undefined }, reason };
}

/** What is run, and what keeps of it what a later process must know. */
export interface Job {
  message: InboundMessage;
  head: Head;
  /** It runs from now on. */
  begin(): Promise<unknown>;
  /** The process that runs it. */
  child(process: ChildProcess): Promise<void>;
}

/**
 * Runs the message once. What it needs beforehand (its files, its sender's name) is fetched before the
 * run counts as begun: a death meanwhile has cut no work.
 */
export async function runMessage(
  parts: BridgeParts,
  options: Pick<BridgeOptions, "workspaceId" | "maxAttempts">,
  deps: RunDeps,
  job: Job,
  cut: AbortSignal,
): Promise<Verdict> {
  const { message, head } = job;
  const { emit, clock } = parts;
  const { activityId, isReply } = message;
  const from = senderName(message.peerId, message.sender);
  const bytes = Buffer.byteLength(message.text);
  const { attempt, traceId, traceparent } = runTrace(message, head);
  const { interrupted } = head;
  const peerName = await deps.names.of(message.peerId, cut);
  const ready = await deps.files.prepare(message, cut, interrupted);
  const failed = (reason: string) =>
    emit({ type: "run-failed", activityId, from, attempts: attempt, reason });
  if (ready.kind === "again") return { ...ready, told: FILES_AWAITED, counted: false };
  if (ready.kind === "stopped") return { ...ready, begun: false };
  if (ready.kind === "failed") {
    failed(ready.reason);
    return dead({ reason: ready.reason, told: FILES_FAILED }, isReply);
  }
  await job.begin();
  const told = { activityId, messageId: message.messageId, from, isReply, bytes };
  const delayMs = delayOf(message, parts.platform);
  emit({ type: "taken", ...told, attempt, interrupted, delayMs, traceId });
  const begun = clock.monotonic();
  const budgetUsd = await deps.budget.left();
  const mayBegin = !cut.aborted;
  const outcome = await runOnce(
    parts,
    deps,
    {
      ...ready.message,
      workspaceId: options.workspaceId,
      sender: message.sender ?? (message.peerId === undefined ? "canvas" : "peer"),
      peerName,
      traceparent,
      attempt,
      interrupted,
      answerFolder: ready.answerFolder,
      budgetUsd,
    },
    job,
    cut,
  );
  emit({ type: "ran", activityId, ms: clock.monotonic() - begun, outcome: outcome.kind });
  // Written down before the answer: what was spent was spent, also by a run that is run again.
  if (mayBegin) await countCost(parts, deps.budget, activityId, outcome, budgetUsd);
  if (isReply && outcome.kind === "answer") {
    emit({ type: "noted", activityId, from, ms: clock.monotonic() - begun });
  }
  if (outcome.kind === "declined") {
    emit({ type: "declined", activityId, from, reason: outcome.reason });
  }
  const last = head.attempts + 1 >= options.maxAttempts;
  const verdict = judge(outcome, message, last, deps.patience);
  if (outcome.kind === "answer" && verdict.kind === "answered") {
    const { attachments, note } = await deps.files.collect(message, outcome.files ?? []);
    verdict.attachments = attachments;
    if (note !== undefined) verdict.text = `${verdict.text}\n\n${note}`.trim();
  }
  if ("dead" in verdict && verdict.dead !== undefined) {
    failed(verdict.dead);
  }
  return verdict;
}

/** Since its row was written, by the clock that stamped it. */
function delayOf(
  { createdMs }: Pick<InboundMessage, "createdMs">,
  platform: Pick<Platform, "serverNow">,
): number | undefined {
  return createdMs === undefined ? undefined : Math.max(0, platform.serverNow() - createdMs);
}

/** One run, with a limit above the backend's own, and its mark in the vitals. */
async function runOnce(
  { backend, clock }: BridgeParts,
  { vitals, watchdog, names, interim }: RunDeps,
  request: BackendRequest,
  { child }: Pick<Job, "child">,
  cut: AbortSignal,
): Promise<Outcome> {
  const id = request.activityId;
  const limitMs = backend.timeoutMs + OVERTIME_MS;
  const loop = `run of ${id}`;
  watchdog.expect(loop, limitMs + SLACK_MS);
  const who = names.known(request.peerId) ?? senderName(request.peerId, request.sender);
  vitals.begin(id, `answering ${who}`);
  // A peer would take it for the answer.
  const saying = request.sender === "canvas" ? interim?.begin(id) : undefined;
  const abort = new AbortController();
  const stop = () => abort.abort();
  cut.addEventListener("abort", stop, { once: true });
  if (cut.aborted) stop();
  const hooks = harmless({
    // Not tried again: it is a second net under what the system itself tells of a dead run's rest.
    onChild: (pid, identity) => child({ pid, identity }),
    onTask: (task) => vitals.task(id, task),
    onText: (text) => saying?.say(text),
  });
  const running = backend.run(request, abort.signal, hooks).catch((error: unknown): Outcome => {
    // A backend must not throw; if one does, something may have been done.
    return { kind: "failed", reason: messageOf(error), told: "the agent failed" };
  });
  const end = await within(clock, limitMs, running);
  cut.removeEventListener("abort", stop);
  if (end === LATE) abort.abort();
  watchdog.dismiss(loop);
  const outcome: Outcome = end === LATE ? overdue(limitMs) : end;
  if (outcome.kind === "again" || outcome.kind === "failed") vitals.end(id, outcome.reason);
  else if (outcome.kind === "answer" || outcome.kind === "declined") vitals.end(id);
  else vitals.drop(id);
  await saying?.end(cut);
  return outcome;
}

function overdue(limitMs: number): Outcome {
  const reason = `the backend did not end within ${formatDuration(limitMs)}`;
  return { kind: "failed", reason, told: "the agent took too long" };
}
