/** Whether an agent is logged in, as far as it shows without a prompt. */
import { LATE, STOPPED, within } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import { getString } from "../../shared/json.ts";
import { oneLine } from "../../shared/text.ts";
import { AcpConnection, PROTOCOL_VERSION } from "./connection.ts";
import { agentEnv } from "./environment.ts";
import { kindOf, loginHint } from "./errors.ts";
import type { KeeperSettings } from "./keeper.ts";
import { locate } from "./presets.ts";
import type { RpcError } from "./rpc.ts";
import type { BackendParts, Login } from "../backend.ts";
import { notFound } from "../process/program.ts";
import { loginWord } from "../login-word.ts";

/** How long the agent may take to say it, in milliseconds. To end it takes up to three seconds more. */
export const LOGIN_MS = 8_000;

/** How long an agent that tells of its login by itself may take to do so, in milliseconds. */
const TOLD_MS = 2_000;

/** How long it may take to delete the session that was opened, in milliseconds. */
const DELETE_MS = 1_000;

/**
 * Starts the agent in a process of its own, and ends it. It is asked for a session unless it tells of its
 * login without; a session without a prompt costs nothing, and is deleted where the agent can do that.
 * An agent that opens one for anybody is not started at all. Never rejects.
 */
export async function askLogin(
  settings: KeeperSettings,
  parts: BackendParts,
  signal: AbortSignal,
): Promise<Login> {
  const { command, cwd } = settings;
  if (command.session === "nothing") return unknown("it does not say so without a message");
  if (signal.aborted) return unknown(TOO_LATE);
  const { clock, secrets } = parts;
  const run = crypto.randomUUID();
  const env = agentEnv(settings, parts, run);
  const program = locate(command, cwd, env);
  if (program === undefined) return unknown(notFound(command.words[0]));
  let connection: AcpConnection;
  try {
    connection = new AcpConnection({
      argv: [program, ...command.words.slice(1)],
      cwd,
      env,
      run,
      clock,
      secrets,
      onStderrLine() {},
      onStrayLine() {},
    });
  } catch (error) {
    return unknown(`it could not be started: ${oneLine(secrets.mask(messageOf(error)))}`);
  }
  const over = new AbortController();
  const asking = ask(connection, { settings, parts, signal: over.signal });
  try {
    const end = await within(clock, LOGIN_MS, asking, signal);
    return end === LATE || end === STOPPED ? unknown(TOO_LATE) : end;
  } finally {
    over.abort();
    await connection.process.close();
  }
}

const TOO_LATE = "it did not say so in time";

interface Asking {
  settings: KeeperSettings;
  parts: BackendParts;
  signal: AbortSignal;
}

async function ask(connection: AcpConnection, asking: Asking): Promise<Login> {
  const { settings, parts, signal } = asking;
  const { command, cwd, client } = settings;
  const hello = await connection.initialize(client);
  if (hello.kind === "closed") return unknown(ENDED);
  if (hello.kind === "error") return refused(connection, parts, hello.error);
  const { facts } = connection;
  if (facts.version !== PROTOCOL_VERSION) {
    return unknown(`it does not speak version ${PROTOCOL_VERSION} of the Agent Client Protocol`);
  }
  const told = facts.tellsLogin
    ? await within(parts.clock, TOLD_MS, connection.loginTold, signal)
    : undefined;
  if (typeof told === "string" && told !== "none") return { kind: "in", as: loginWord(told) };
  const opened = await connection.call("session/new", { cwd, mcpServers: [] }, LOGIN_MS, signal);
  if (opened === LATE || opened === STOPPED) return unknown(TOO_LATE);
  if (opened.kind === "closed") return unknown(ENDED);
  if (opened.kind === "error") return refused(connection, parts, opened.error);
  const sessionId = getString(opened.value, "sessionId");
  if (sessionId === undefined) return unknown("it gave a new session no id");
  if (facts.deletes) await connection.call("session/delete", { sessionId }, DELETE_MS, signal);
  // A model of the operator's own may need no login.
  if (told === "none") return unknown("it is not logged in, and opens a session all the same");
  return command.session === "login"
    ? { kind: "in" }
    : unknown("it opens a session, which an agent may do before anybody logs in");
}

const ENDED = "it ended before it said so";

function refused({ facts }: AcpConnection, { secrets }: BackendParts, error: RpcError): Login {
  if (kindOf(error) !== "login") return unknown("it opens no session, for another reason");
  const mask = (text: string) => secrets.mask(text);
  const hint = loginHint({ loginNames: facts.loginNames, mask });
  return { kind: "out", reason: "the agent is not logged in", hint };
}

function unknown(why: string): Login {
  return { kind: "unknown", why };
}
