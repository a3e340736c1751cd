/** `molecule agent send`: a message to an agent, and its answer. */
import type { Context } from "../../cli/command.ts";
import type { Log } from "../../cli/log.ts";
import { readStandardInput } from "../../cli/standard-input.ts";
import { Management } from "../../platform/management.ts";
import { PlatformError } from "../../platform/platform.ts";
import { Token } from "../../platform/token.ts";
import { LATE, systemClock, within } from "../../shared/clock.ts";
import { formatDuration } from "../../shared/duration.ts";
import { ExitCode, MoleculeError, UsageError } from "../../shared/errors.ts";
import { isUuid } from "../../shared/ids.ts";
import { getString } from "../../shared/json.ts";
import { oneLine, printable } from "../../shared/text.ts";
import { advised } from "../../platform/advice.ts";
import { apiToken, workspaceToken } from "../access/api.ts";
import { GLOBALS } from "../globals.ts";
import { httpParts, traced } from "../access/http-parts.ts";
import { rememberWorkspaces } from "../which/known-workspaces.ts";
import { logFor } from "../logging.ts";
import { resolvePeer } from "../which/resolve-peer.ts";
import { note, show, showWait } from "../show.ts";
import { requireUuid } from "../which/workspace-id.ts";
import { removedError } from "../which/removed.ts";
import { resolveWorkspace } from "../which/resolve.ts";
import { exchange, type Outcome } from "./exchange.ts";
import type { SendValues } from "./send.ts";

/** For the look at the workspace, in milliseconds: what it tells is worth no longer wait. */
const LOOK_MS = 5_000;

/** Sends the message and, unless told not to, waits for its answer. */
export async function run(values: SendValues, context: Context): Promise<ExitCode> {
  const as = values.as === undefined ? undefined : await speakerOf(values.as, values, context);
  refuseSelf(as, values.workspaceId);
  if (as === undefined && [context.source("token"), context.source("tokenFile")].includes("flag")) {
    throw new UsageError(
      "--token and --token-file go with --as",
      "The canvas user's token is --api-token-file.",
    );
  }
  const token = await (as === undefined
    ? canvasToken(values, context)
    : peerToken(values, context, as));
  const speaker = { token, orgId: values.orgId, identity: as };
  const parts = traced(await httpParts(context, speaker), context);
  try {
    const platform = new Management(parts);
    const looking = resolvePeer(values.workspaceId, as, platform, values, context);
    const agentId = await found(values.workspaceId, looking, values);
    refuseSelf(as, agentId);
    const text = values.message === "-" ? await readStandardInput() : values.message;
    if (text.trim() === "" && values.file.length === 0) {
      throw new UsageError(
        "there is nothing to send",
        "The message is empty, and no --file goes with it.",
      );
    }
    const { file, wait, timeout } = values;
    const look = lookAt(agentId, platform, wait ? logFor(context) : undefined);
    const ready = within(systemClock, Math.min(LOOK_MS, timeout), look);
    const message = { agentId, as, text, files: file, ready, wait, timeoutMs: timeout };
    const work = () => exchange(parts, message, logFor(context));
    const outcome = await showWait(context, "waiting for the answer", work);
    const code = await print(context, outcome);
    await rememberWorkspaces(
      [agentId, as ?? agentId].map((id) => ({ id })),
      context.env,
    );
    return code;
  } catch (error) {
    throw error instanceof PlatformError ? explain(error, as) : error;
  }
}

/**
 * The platform queues messages also for a workspace that is no more, or that nobody answers for (contract
 * 2.4.4): that is told where an answer is waited for. Where it does not let us look, the sending will tell.
 */
async function lookAt(id: string, platform: Management, log: Log | undefined): Promise<void> {
  try {
    const status = getString(await platform.workspace(id), "status") ?? "";
    if (!ABSENT.includes(status)) return;
    log?.warn(`the workspace is ${status}: an answer comes once its agent is back`);
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    if (error.verdict === "gone") throw removedError(id, error);
  }
}

const ABSENT = ["awaiting_agent", "offline", "failed", "hibernated"];

/** Prints what became of the message; an agent that says that it failed is a failure. */
async function print(context: Context, outcome: Outcome): Promise<ExitCode> {
  const { message_id, status, answer } = outcome;
  if (context.get(GLOBALS.output) !== "table") await show(context, outcome);
  else if (status === "failed") {
    note(context, `error: the agent could not answer: ${answer ?? ""}`);
  } else {
    const line = answer === undefined ? `sent; its message id is ${message_id}` : printable(answer);
    await context.io.out(`${line}\n`);
  }
  return status === "failed" ? ExitCode.failed : ExitCode.ok;
}

function refuseSelf(as: string | undefined, workspaceId: string): void {
  if (as?.toLowerCase() !== workspaceId.toLowerCase()) return;
  throw new UsageError(
    "--as is the workspace itself, and an agent does not answer itself",
    "Speak as another workspace, or leave --as out to speak as the canvas user.",
  );
}

/** A name is looked up where an administrator's token lets us. */
async function speakerOf(given: string, values: SendValues, context: Context): Promise<string> {
  if (isUuid(given) || (await apiToken(values, context)) === undefined) {
    return requireUuid(given, context.env);
  }
  return found(given, resolveWorkspace(given, values, context), values);
}

/** Whoever `looking` finds under that name, in the time that there is. */
async function found(
  given: string,
  looking: Promise<string>,
  { timeout }: SendValues,
): Promise<string> {
  const id = await within(systemClock, timeout, looking);
  if (id !== LATE) return id;
  const ms = formatDuration(timeout);
  throw new MoleculeError(`the platform did not say within ${ms} who "${oneLine(given, 80)}" is`, {
    exitCode: ExitCode.unreachable,
    hint: "Nothing was sent. Give the id, a UUID, or more time with --timeout.",
  });
}

async function peerToken(values: SendValues, context: Context, as: string): Promise<Token> {
  const token = await workspaceToken(values, context, as);
  if (token.value !== undefined) return token;
  throw new UsageError(
    `--as needs the token of workspace ${as}`,
    "Give it with --token-file or MOLECULE_WORKSPACE_TOKEN.",
  );
}

async function canvasToken(values: SendValues, context: Context): Promise<Token> {
  return (await apiToken(values, context)) ?? new Token(context.io.secrets, undefined, "nowhere");
}

function explain(error: PlatformError, as: string | undefined): MoleculeError {
  if (error.failure.unknownOutcome === true) {
    return new MoleculeError(error.message, {
      exitCode: error.exitCode,
      hint: "The message may have arrived all the same: sent again it may be answered twice.",
      cause: error,
    });
  }
  if (error.verdict !== "unauthorized") return advised(error);
  return new MoleculeError(`the platform refused: ${error.message}`, {
    exitCode: ExitCode.refused,
    hint:
      as === undefined
        ? "To speak as the canvas user give an admin or organisation token (--api-token-file), or speak as a workspace (--as)."
        : `Check that the token is the one of workspace ${as}.`,
    cause: error,
  });
}
