/** `molecule agent send`: a message to an agent, and its answer. */
import { buildRequest, readAnswer } from "../a2a/request.ts";
import type { Context } from "../cli/command.ts";
import type { Log } from "../cli/log.ts";
import { printData } from "../cli/print.ts";
import { readStandardInput } from "../cli/standard-input.ts";
import { PlatformClient } from "../platform/client.ts";
import { parseApiUrl } from "../platform/api-url.ts";
import { PlatformError } from "../platform/platform.ts";
import { checkToken } from "../platform/check-token.ts";
import { Token } from "../platform/token.ts";
import { USER_AGENT } from "../project.ts";
import { LATE, systemClock, within } from "../shared/clock.ts";
import { ExitCode, MoleculeError, UsageError } from "../shared/errors.ts";
import { printable } from "../shared/text.ts";
import type { SendValues } from "./agent-send.ts";
import { awaitAnswer, canvasAnswer, newestRow, noAnswer, peerAnswer } from "./await-answer.ts";
import { checkCredentials, resolveToken } from "./credentials.ts";
import { GLOBALS } from "./globals.ts";
import { logFor } from "./logging.ts";
import { filesToSend } from "./send-files.ts";
import { readWorkspaceId } from "./workspace-id.ts";

/** Sends the message and, if asked, waits for its answer. */
export async function run(values: SendValues, context: Context): Promise<ExitCode> {
  const workspaceId = readWorkspaceId(values.workspaceId);
  const as = values.as === undefined ? undefined : readWorkspaceId(values.as);
  checkCredentials(context);
  if (as === workspaceId) {
    throw new UsageError(
      "--as is the workspace itself, and an agent does not answer itself",
      "Speak as another workspace, or leave --as out to speak as the canvas user.",
    );
  }
  if (as === undefined && [context.source("token"), context.source("tokenFile")].includes("flag")) {
    throw new UsageError(
      "--token and --token-file go with --as",
      "The canvas user's token is --api-token-file.",
    );
  }
  const log = logFor(context);
  const token = await (as === undefined
    ? apiToken(values, context)
    : peerToken(values, context, log));
  const text = values.message === "-" ? await readStandardInput() : values.message;
  const platform = new PlatformClient({
    baseUrl: parseApiUrl(context.get(GLOBALS.apiUrl)),
    // Whose feed shows the answer: the sender's own, or for the canvas the agent's.
    workspaceId: as ?? workspaceId,
    identity: as,
    orgId: values.orgId,
    userAgent: USER_AGENT,
    token: () => token.value,
    clock: systemClock,
    secrets: context.io.secrets,
  });
  const messageId = crypto.randomUUID();
  try {
    const since = values.wait ? await newestRow(platform) : undefined;
    const files = await filesToSend(values.file, as !== undefined, platform);
    const request = buildRequest(text, messageId, "user", {}, files);
    const sending = platform.send(workspaceId, request);
    // A push agent answers on the open request, for up to half an hour.
    const sent = await within(systemClock, values.timeout, sending);
    if (sent === LATE) throw noAnswer(values.timeout);
    const direct = readAnswer(sent.body);
    if (direct !== undefined) {
      return await print(context, { message_id: messageId, status: "answered", answer: direct });
    }
    if (!sent.queued && sent.note !== undefined) throw complaint(sent.note);
    if (!values.wait) {
      return await print(context, { message_id: messageId, status: "queued", answer: undefined });
    }
    if (!sent.queued) throw complaint("it answered without a text");
    const find = as === undefined ? canvasAnswer(messageId) : peerAnswer(workspaceId, messageId);
    const { text: answer, failed } = await awaitAnswer(platform, since, find, values.timeout, log);
    const status = failed ? "failed" : "answered";
    return await print(context, { message_id: messageId, status, answer });
  } catch (error) {
    throw error instanceof PlatformError ? explain(error, as) : error;
  }
}

/** Prints what became of the message; an agent that says that it failed is a failure. */
async function print({ io, ...context }: Context, result: Result): Promise<ExitCode> {
  const { message_id, status, answer } = result;
  const format = context.get(GLOBALS.output);
  if (format !== "table") await printData(io, result, format);
  else if (status === "failed") io.err(`error: the agent could not answer: ${answer ?? ""}`);
  else
    await io.out(
      `${answer === undefined ? `sent; its message id is ${message_id}` : printable(answer)}\n`,
    );
  return status === "failed" ? ExitCode.failed : ExitCode.ok;
}

interface Result {
  message_id: string;
  status: "queued" | "answered" | "failed";
  answer: string | undefined;
}

function peerToken(values: SendValues, context: Context, log: Log): Promise<Token> {
  return resolveToken(values, context, log, async () => {
    throw new UsageError(
      `--as needs the token of workspace ${values.as}`,
      "Give it with --token-file or MOLECULE_WORKSPACE_TOKEN.",
    );
  });
}

async function apiToken(values: SendValues, { io }: Context): Promise<Token> {
  if (values.apiToken !== undefined) {
    return new Token(io.secrets, checkToken(values.apiToken, "--api-token"), "--api-token");
  }
  if (values.apiTokenFile !== undefined) return Token.fromFile(values.apiTokenFile, io.secrets);
  return new Token(io.secrets, undefined, "nowhere");
}

function explain(error: PlatformError, as: string | undefined): MoleculeError {
  if (error.verdict !== "unauthorized") return error;
  return new MoleculeError(`the platform refused: ${error.message}`, {
    exitCode: ExitCode.refused,
    hint:
      as === undefined
        ? "To speak as the canvas user give an admin or organisation token (--api-token-file), or speak as a workspace (--as)."
        : `Check that the token is the one of workspace ${as}.`,
    cause: error,
  });
}

function complaint(note: string): MoleculeError {
  return new MoleculeError(`the agent took the message and reported: ${note}`);
}
