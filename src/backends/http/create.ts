/** Forwards each message to an agent that serves HTTP, on this machine or near it. */
import { messageOf } from "../../shared/errors.ts";
import { KeyedLock } from "../../shared/keyed-lock.ts";
import { A2aAgent } from "./a2a-agent.ts";
import { A2aRun } from "./a2a-run.ts";
import type {
  Backend,
  BackendParts,
  BackendRequest,
  OptionValues,
  Outcome,
  RunHooks,
} from "../backend.ts";
import { conversationOf } from "../conversation.ts";
import { callHttp, type HttpResult } from "../http-call.ts";
import { Limit } from "../http-limit.ts";
import { runRaw } from "./raw.ts";
import { said } from "../said.ts";
import { type HttpSettings, readSettings } from "./settings.ts";
import type { Standing } from "../standing.ts";

const LOOK_DEADLINE_MS = 2_000;

/** Throws a UsageError where the url or a header can't be used, or a variable that they name is not set. */
export function createHttp(options: OptionValues, parts: BackendParts): Backend {
  const settings = readSettings(options, parts);
  const agent = new A2aAgent(settings, parts);
  const standing: Standing = { good: false };
  const runs = { settings, agent, parts, standing };
  const locks = new KeyedLock();
  return {
    timeoutMs: settings.timeoutMs,
    takesEmptyText: false,
    // Nobody knows, and most agents ask a model.
    costsMoney: true,
    reportsCost: false,
    concurrency: 4,
    readsFiles: true,
    leavesFiles: true,
    check: () => look(settings, agent, parts),
    run: (request, signal, hooks) => {
      const key = settings.remembers ? conversationOf(request) : request.activityId;
      const work = () => run(runs, request, signal, hooks);
      return locks.run(key, work, { signal, value: { kind: "stopped" } });
    },
  };
}

interface Runs {
  settings: HttpSettings;
  agent: A2aAgent;
  parts: BackendParts;
  standing: Standing;
}

async function run(
  { settings, agent, parts, standing }: Runs,
  request: BackendRequest,
  signal: AbortSignal,
  hooks: RunHooks | undefined,
): Promise<Outcome> {
  try {
    if (settings.format === "raw") {
      return await runRaw(settings, parts, standing, request, signal);
    }
    return await new A2aRun(agent, settings, parts, request, hooks).run(signal);
  } catch (error) {
    const reason = `the message could not be handed to the agent: ${said(messageOf(error), parts.secrets)}`;
    return { kind: "failed", reason, told: "the agent could not be given the message" };
  }
}

/** An agent that is not there yet may come later: that is told, and not refused. */
async function look(settings: HttpSettings, agent: A2aAgent, parts: BackendParts): Promise<void> {
  using limit = new Limit(parts.clock, LOOK_DEADLINE_MS);
  const found =
    settings.format === "a2a"
      ? await agent.look(limit.signal)
      : await knock(settings, limit.signal, parts);
  if (found === "unsent") {
    parts.onNote(
      `nothing answers at ${settings.shown} yet: messages wait until the agent is there`,
    );
  } else if (found === "ended") {
    parts.onNote(`${settings.shown} did not answer within 2 s: is that where the agent listens?`);
  }
}

/** OPTIONS does nothing (RFC 9110, 9.2.1), and any answer says that somebody is there. */
async function knock(
  { url, headers }: HttpSettings,
  signal: AbortSignal,
  parts: BackendParts,
): Promise<HttpResult["kind"]> {
  const call = { method: "OPTIONS", url, headers, maxBytes: 1024 } as const;
  return (await callHttp(call, signal, parts)).kind;
}
