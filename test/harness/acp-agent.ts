/**
 * An agent for tests, on the protocol's own library: what it does with a prompt stands in the prompt.
 *
 * `ACP_AGENT` lists what it offers (resume, load, close, delete, image, modes), and what it lacks (no-login,
 * no-login-prompt, and no-taking-up or death-on-taking-up of earlier sessions). `ACP_AGENT_MODES` lists its
 * modes instead, the first of which it begins in. With `ACP_AGENT_STORE`, a folder, its sessions outlive it.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as acp from "@agentclientprotocol/sdk";

/** What a prompt may tell it to do, after the word STEPS. */
export type Step =
  | { say: string; message?: string }
  | { think: string }
  | { tool: string; title: string }
  | { progress: string }
  | { ask: string; kinds?: string[]; input?: object }
  | { content: object }
  /** Says all that it was told in this session before. */
  | { recall: true }
  /** Says what it was sent, as JSON. */
  | { show: true }
  | { cost: number }
  | { fail: { code: number; message: string; data?: unknown } }
  | { stop: string; meta?: { [key: string]: unknown } }
  /** Sends an update as it stands here. */
  | { update: object }
  /** Waits until it is cancelled. */
  | { wait: true }
  /** Waits and minds no cancel. */
  | { hang: true }
  | { die: number }
  | { killself: true }
  /** Starts a program that holds its pipes. */
  | { spawn: string[] }
  | { stderr: string }
  /** Says the value of a variable. */
  | { env: string }
  /** Calls a method of the client, and says what it got. */
  | { call: string }
  | { pid: true }
  /** Knows the session no more. */
  | { lose: true };

/** The text of a prompt that has these steps done. */
export function steps(...list: Step[]): string {
  return `STEPS${JSON.stringify(list)}`;
}

interface Kept {
  id: string;
  cwd: string;
  told: string[];
  mode: string;
  model: string;
  /** `_meta` of what opened it last. */
  meta: unknown;
}

if (import.meta.main) serve();

function serve(): void {
  const offers = new Set((Bun.env.ACP_AGENT ?? "").split(","));
  const store = Bun.env.ACP_AGENT_STORE;
  const sessions = new Map<string, Kept>();
  const cancels = new Map<string, () => void>();
  const has = (word: string) => offers.has(word);

  const keep = (session: Kept) => {
    sessions.set(session.id, session);
    if (store !== undefined) writeFileSync(join(store, session.id), JSON.stringify(session));
  };
  const modes = Bun.env.ACP_AGENT_MODES?.split(",");
  const bring = (id: string, meta: unknown): Kept => {
    if (has("no-taking-up")) throw acp.RequestError.internalError(undefined, "EMFILE");
    if (has("death-on-taking-up")) process.exit(7);
    const path = join(store ?? "/nowhere", id);
    if (!existsSync(path)) throw acp.RequestError.resourceNotFound(id);
    const session = { ...(JSON.parse(readFileSync(path, "utf8")) as Kept), meta };
    sessions.set(id, session);
    return session;
  };
  const setup = ({ mode, model }: Kept) =>
    has("modes") || modes !== undefined
      ? {
          modes: {
            currentModeId: mode,
            availableModes: (modes ?? ["plan", "build"]).map((id) => ({
              id,
              name: id.toUpperCase(),
            })),
          },
          configOptions: [
            {
              id: "the-model",
              name: "Model",
              category: "model",
              type: "select" as const,
              currentValue: model,
              options: ["small", "large"].map((value) => ({ value, name: value })),
            },
          ],
        }
      : has("old-models")
        ? {
            models: {
              currentModelId: model,
              availableModels: ["small", "large"].map((modelId) => ({
                modelId,
                name: modelId === "small" ? "Small" : "Large",
              })),
            },
          }
        : {};

  const output = new WritableStream<Uint8Array>({
    write: async (chunk) => void (await Bun.write(Bun.stdout, chunk)),
  });
  const { methods } = acp;
  acp
    .agent({ name: "test agent" })
    .onRequest(methods.agent.initialize, () => ({
      protocolVersion: has("v2") ? 2 : 1,
      agentInfo: { name: Bun.env.ACP_AGENT_NAME ?? "test-agent", version: "1.0.0" },
      authMethods: [
        { id: "key", name: "An API key" },
        { id: "browser", name: "Log in with a browser" },
      ],
      agentCapabilities: {
        loadSession: has("load"),
        promptCapabilities: { image: has("image") },
        sessionCapabilities: {
          ...(has("resume") ? { resume: {} } : {}),
          ...(has("close") ? { close: {} } : {}),
          ...(has("delete") ? { delete: {} } : {}),
        },
      },
    }))
    .onRequest(methods.agent.session.new, ({ params }) => {
      if (has("no-login")) throw acp.RequestError.authRequired();
      const id = has("one-session") ? "the-only-one" : crypto.randomUUID();
      const mode = modes?.[0] ?? "build";
      const { cwd, _meta: meta } = params;
      const session = { id, cwd, told: [], mode, model: "small", meta };
      keep(session);
      return { sessionId: session.id, ...setup(session) };
    })
    .onRequest(methods.agent.session.resume, ({ params }) => {
      console.error("resumed");
      return setup(bring(params.sessionId, params._meta));
    })
    .onRequest(methods.agent.session.load, async ({ params, client }) => {
      console.error("loaded");
      const session = bring(params.sessionId, params._meta);
      for (const text of session.told) {
        await client.notify(methods.client.session.update, {
          sessionId: session.id,
          update: {
            sessionUpdate: "agent_message_chunk",
            content: { type: "text", text: `replayed: ${text}` },
          },
        });
      }
      return setup(session);
    })
    .onRequest(methods.agent.session.close, ({ params }) => {
      sessions.delete(params.sessionId);
      console.error(`closed ${params.sessionId}`);
    })
    .onRequest(
      "session/delete",
      (params) => params as { sessionId: string },
      ({ params }) => {
        if (store !== undefined) rmSync(join(store, params.sessionId));
        return {};
      },
    )
    .onRequest(methods.agent.session.setMode, ({ params }) => {
      const session = sessions.get(params.sessionId);
      if (session !== undefined) keep({ ...session, mode: params.modeId });
      return {};
    })
    .onRequest(methods.agent.session.setConfigOption, ({ params }) => {
      const session = sessions.get(params.sessionId);
      if (session !== undefined) keep({ ...session, model: String(params.value) });
      return { configOptions: [] };
    })
    .onRequest(
      "session/set_model",
      (params) => params as { sessionId: string; modelId: string },
      ({ params }) => {
        const session = sessions.get(params.sessionId);
        if (session !== undefined) keep({ ...session, model: params.modelId });
        return {};
      },
    )
    .onNotification(methods.agent.session.cancel, ({ params }) => {
      cancels.get(params.sessionId)?.();
    })
    .onRequest(methods.agent.session.prompt, async ({ params, client }) => {
      const { sessionId } = params;
      const session = sessions.get(sessionId);
      if (session === undefined) throw acp.RequestError.resourceNotFound(sessionId);
      if (has("no-login-prompt")) throw acp.RequestError.authRequired();
      const cancelled = Promise.withResolvers<void>();
      cancels.set(sessionId, cancelled.resolve);
      const first = params.prompt[0];
      const text = first?.type === "text" ? first.text : "";
      const before = [...session.told];
      keep({ ...session, told: [...before, text] });
      if (text.includes(JSON.stringify({ lose: true }))) sessions.delete(sessionId);
      return await perform(client, params, { ...session, told: before }, text, cancelled.promise);
    })
    .connect(acp.ndJsonStream(output, Bun.stdin.stream()));
}

async function perform(
  client: acp.AgentContext,
  params: acp.PromptRequest,
  session: Kept,
  text: string,
  cancelled: Promise<void>,
): Promise<acp.PromptResponse> {
  const { sessionId } = params;
  const update = (body: object) =>
    client.notify(acp.methods.client.session.update, {
      sessionId,
      update: body as acp.SessionUpdate,
    });
  const say = (words: string, messageId?: string) =>
    update({
      sessionUpdate: "agent_message_chunk",
      content: { type: "text", text: words },
      ...(messageId === undefined ? {} : { messageId }),
    });
  const at = text.indexOf("STEPS");
  if (at < 0) {
    await say(`echo: ${text.slice(text.lastIndexOf("]\n\n") + 3)}`);
    return { stopReason: "end_turn" };
  }
  const [line = ""] = text.slice(at + "STEPS".length).split("\n");
  for (const step of JSON.parse(line) as Step[]) {
    if ("say" in step) await say(step.say, step.message);
    if ("think" in step) {
      const content = { type: "text", text: step.think };
      await update({ sessionUpdate: "agent_thought_chunk", content });
    }
    if ("tool" in step) {
      await update({ sessionUpdate: "tool_call", toolCallId: step.tool, title: step.title });
    }
    if ("progress" in step) {
      const status = "completed";
      await update({ sessionUpdate: "tool_call_update", toolCallId: step.progress, status });
    }
    if ("ask" in step) {
      const kinds = step.kinds ?? ["allow_always", "allow_once", "reject_once", "reject_always"];
      const ask: acp.RequestPermissionRequest = {
        sessionId,
        toolCall: { toolCallId: `call of ${step.ask}`, title: step.ask, rawInput: step.input },
        options: kinds.map((kind) => ({
          optionId: `option ${kind}`,
          name: kind,
          kind: kind as acp.PermissionOptionKind,
        })),
      };
      const { outcome } = await client.request(acp.methods.client.session.requestPermission, ask);
      await say(JSON.stringify(outcome));
    }
    if ("content" in step) {
      await update({ sessionUpdate: "agent_message_chunk", content: step.content });
    }
    if ("recall" in step) await say(JSON.stringify(session.told));
    if ("show" in step)
      await say(JSON.stringify({ prompt: params.prompt, meta: params._meta, session }));
    if ("cost" in step) {
      const cost = { amount: step.cost, currency: "USD" };
      await update({ sessionUpdate: "usage_update", used: 1, size: 2, cost });
    }
    if ("fail" in step) {
      throw new acp.RequestError(step.fail.code, step.fail.message, step.fail.data);
    }
    if ("stop" in step) {
      const stopReason = step.stop as acp.StopReason;
      return step.meta === undefined ? { stopReason } : { stopReason, _meta: step.meta };
    }
    if ("update" in step) await update(step.update);
    if ("wait" in step) {
      console.error("waiting");
      await cancelled;
      return { stopReason: "cancelled" };
    }
    if ("hang" in step) {
      console.error("waiting");
      await new Promise(() => {});
    }
    if ("die" in step) process.exit(step.die);
    if ("killself" in step) process.kill(process.pid, "SIGKILL");
    if ("spawn" in step) {
      const [program = "", ...args] = step.spawn;
      Bun.spawn([program, ...args], { stdin: "inherit", stdout: "inherit", stderr: "inherit" });
    }
    if ("stderr" in step) console.error(step.stderr);
    if ("env" in step) await say(Bun.env[step.env] ?? "(unset)");
    if ("call" in step) {
      const answer = client.request(step.call, { sessionId, path: "/etc/passwd" });
      await answer.then(
        () => say("granted"),
        (error: { code?: number }) => say(`error ${error.code}`),
      );
    }
    if ("pid" in step) await say(String(process.pid));
  }
  return { stopReason: "end_turn" };
}
