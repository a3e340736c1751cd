/** Forwards each message to an agent that serves HTTP, on this machine or near it. */
import { messageOf } from "../../shared/errors.ts";
import { KeyedLock } from "../../shared/keyed-lock.ts";
import { A2aAgent } from "./a2a-agent.ts";
import { A2aRun } from "./a2a-run.ts";
import type { BackendParts, BackendRequest, BackendType, Outcome, RunHooks } from "../backend.ts";
import { conversationOf } from "../conversation.ts";
import { callHttp, type HttpResult } from "../http-call.ts";
import { Limit } from "../http-limit.ts";
import { runRaw } from "./raw.ts";
import { said } from "../said.ts";
import { type HttpSettings, readSettings } from "./settings.ts";
import type { Standing } from "../standing.ts";

const LOOK_DEADLINE_MS = 2_000;

/** The backend: `url` is its only option that must be given. */
export const http: BackendType = {
  name: "http",
  summary: "forwards each message to an agent that serves HTTP: A2A, or JSON of our own",
  options: {
    url: {
      type: "string",
      summary: "where it takes messages: http://localhost:PORT/PATH",
      required: true,
    },
    format: {
      type: "enum",
      summary: "a2a: JSON-RPC as A2A has it; raw: the message as one JSON object, as exec has it",
      values: ["a2a", "raw"],
      default: "a2a",
    },
    protocol: {
      type: "enum",
      summary: "the version of A2A; auto: what the agent's card says",
      values: ["auto", "0.3", "1.0"],
      default: "auto",
    },
    header: { type: "text", summary: "a header to be sent with each request", named: true },
    timeout: { type: "duration", summary: "how long an answer may take", default: "5m" },
    max_answer: {
      type: "bytes",
      summary: "the longest answer; the rest is cut off (a reply carries a little more than 900k)",
      default: "900k",
    },
    session: {
      type: "enum",
      summary: "conversation: the agent is told what belongs together; none: each stands alone",
      values: ["conversation", "none"],
      default: "conversation",
    },
  },
  create(options, parts) {
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
  },
};

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
