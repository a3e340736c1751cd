/** Carries a delegation out: sends the task, waits for the answer, writes it down (contract 3.2). */
import { get, getArray, getString } from "../shared/json.ts";
import { deliver } from "./a2a.ts";
import { Refusal } from "./answers.ts";
import { toObject } from "./body.ts";
import type { Dev } from "./call.ts";
import type { Delegation, DelegationOutcome } from "./delegation-ledger.ts";

/** So many characters of a task and of its result are shown. */
export const PREVIEW_CHARACTERS = 300;

type Order = Pick<Delegation, "delegation_id" | "source_id" | "target_id" | "task">;

/**
 * Sends the task as a message of the source. A target in poll mode has only queued it by then, and
 * the delegation is completed all the same, with the queued envelope as its result (T30).
 */
export async function carryOut(dev: Dev, order: Order): Promise<void> {
  const { delegation_id, source_id, target_id } = order;
  const { delegations } = dev.database;
  delegations.dispatch(delegation_id);
  const about = { delegation_id, target_id };
  dev.events.emit(source_id, "DELEGATION_STATUS", { ...about, status: "dispatched" });
  const outcome = await ask(dev, order);
  delegations.settle(source_id, delegation_id, outcome);
  emitOutcome(dev, source_id, about, outcome);
}

/** Tells the source how its delegation ended. */
export function emitOutcome(
  dev: Dev,
  sourceId: string,
  about: { delegation_id: string; target_id?: string },
  outcome: DelegationOutcome,
): void {
  if ("error" in outcome) {
    return dev.events.emit(sourceId, "DELEGATION_FAILED", { ...about, error: outcome.error });
  }
  const response_preview = preview(outcome.response);
  dev.events.emit(sourceId, "DELEGATION_COMPLETE", { ...about, response_preview });
}

/** The start of a text, as it is shown. */
export function preview(text: string): string {
  return [...text].slice(0, PREVIEW_CHARACTERS).join("");
}

async function ask(dev: Dev, order: Order): Promise<DelegationOutcome> {
  const { source_id: sender, target_id: targetId } = order;
  try {
    const answer = await deliver(dev, { sender, targetId, text: JSON.stringify(requestOf(order)) });
    return read(await answer.text(), dev.revision.textKeys);
  } catch (error) {
    if (error instanceof Refusal) return { error: error.message };
    throw error;
  }
}

/** With `type` and no `kind`, as the platform has always written it (T27). */
function requestOf({ delegation_id, task }: Order) {
  const message = {
    role: "user",
    messageId: delegation_id,
    parts: [{ type: "text", text: task }],
    metadata: { delegation_id },
  };
  return { jsonrpc: "2.0", id: delegation_id, method: "message/send", params: { message } };
}

/** Every answer that is none of an agent's, and each that says so itself, holds an error. */
function read(text: string, keys: readonly string[]): DelegationOutcome {
  const body = toObject(text);
  const error = get(body, "error");
  if (error !== undefined && error !== null) {
    const said = typeof error === "string" ? error : getString(error, "message");
    return { error: said ?? "the target answered with an error" };
  }
  const result = get(body, "result");
  if (typeof result === "string") return { response: result };
  return { response: result === undefined ? text : textIn(result, keys) };
}

/** The text of an A2A message, or of a task: its artifacts, else its status. */
function textIn(result: unknown, keys: readonly string[]): string {
  const holders = [
    [result],
    getArray(result, "artifacts") ?? [],
    [get(get(result, "status"), "message")],
  ];
  for (const holder of holders) {
    const texts = holder
      .flatMap((one) => getArray(one, "parts") ?? [])
      .filter((part) => keys.some((key) => getString(part, key) === "text"))
      .map((part) => getString(part, "text") ?? "");
    if (texts.length > 0) return texts.join("");
  }
  return "";
}
