/** `molecule workspace delegate`: a task from one workspace to another. */
import type { Context } from "../../cli/command.ts";
import { readStandardInput } from "../../cli/standard-input.ts";
import { ExitCode, UsageError } from "../../shared/errors.ts";
import { get, getString, type JsonObject } from "../../shared/json.ts";
import { printable } from "../../shared/text.ts";
import { newestRow } from "../answers/await-answer.ts";
import { GLOBALS } from "../globals.ts";
import { logFor } from "../logging.ts";
import { resolvePeer } from "../which/resolve-peer.ts";
import { note, show, showWait } from "../show.ts";
import type { DelegateValues } from "./delegate.ts";
import { deliver } from "./deliver.ts";
import { awaitDelegation, type Ended, feedOf } from "./delegation-end.ts";
import { withWorkspace } from "../which/resolve.ts";

/** How long the platform is asked to take the task where no answer is waited for. */
const PATIENCE_MS = 60_000;

/** Delegates and, if asked, waits; ends with 1 where the task failed. */
export async function run(values: DelegateValues, context: Context): Promise<ExitCode> {
  const given = oneOf(values.targetId, values.target, "target");
  const taskGiven = oneOf(values.taskText, values.task, "task");
  const task = taskGiven === "-" ? await readStandardInput() : taskGiven;
  if (task.trim() === "") {
    throw new UsageError(
      taskGiven === "-" ? "standard input holds no task" : "the task is empty",
      "Say what is to be done.",
    );
  }
  return withWorkspace(values, context, "workspace", async (platform, id) => {
    const targetId = await resolvePeer(given, id, platform, values, context);
    if (targetId === id) {
      throw new UsageError("a workspace can't delegate to itself", "Name another as the target.");
    }
    const since = values.wait ? await newestRow(feedOf(platform, id)) : undefined;
    const key = values.idempotencyKey ?? crypto.randomUUID();
    const log = logFor(context);
    const body = { target_id: targetId, task, idempotency_key: key };
    const timeoutMs = values.wait ? values.timeout : PATIENCE_MS;
    const answer = await deliver(() => platform.delegate(id, body), { timeoutMs, log });
    const warning = getString(answer, "warning");
    if (warning !== undefined) log.warn(warning);
    const again = get(answer, "idempotent_hit") === true;
    if (again) {
      log.info("the platform has had a task under this key before: this is that one");
    }
    const delegationId = getString(answer, "delegation_id");
    if (!values.wait || delegationId === undefined) {
      await tell(context, id, answer, delegationId);
      return ExitCode.ok;
    }
    const order = {
      id,
      targetId,
      delegationId,
      // Of a task that was taken before, the answer may stand there already.
      since: again ? undefined : since,
      timeoutMs: values.timeout,
    };
    const work = () => awaitDelegation(platform, order, log);
    return print(context, await showWait(context, "waiting for the answer", work));
  });
}

/** A word and a flag that mean the same: one of them. */
function oneOf(word: string | undefined, flag: string | undefined, name: string): string {
  if (word !== undefined && flag !== undefined) {
    throw new UsageError(`the ${name} was given twice`, `Give it as a word or as --${name}.`);
  }
  const given = word ?? flag;
  if (given !== undefined) return given;
  throw new UsageError(
    `the ${name} is missing`,
    "molecule workspace delegate <workspace-id> <target-id> 'what is to be done'",
  );
}

async function tell(
  context: Context,
  id: string,
  answer: JsonObject,
  delegationId: string | undefined,
): Promise<void> {
  if (context.get(GLOBALS.output) !== "table") return show(context, answer);
  await context.io.out(`delegated; the id of the delegation is ${delegationId ?? "not told"}\n`);
  if (delegationId !== undefined) {
    logFor(context).info(
      `what becomes of it: molecule workspace delegations ${id} ${delegationId}`,
    );
  }
}

async function print(context: Context, ended: Ended): Promise<ExitCode> {
  if (context.get(GLOBALS.output) !== "table") await show(context, ended);
  else if (ended.status === "failed") {
    note(context, `error: the delegation failed: ${ended.answer ?? "no reason given"}`);
  } else await context.io.out(`${printable(ended.answer ?? "(an answer without a text)")}\n`);
  return ended.status === "failed" ? ExitCode.failed : ExitCode.ok;
}
