/** A real A2A agent on the official SDK, in both versions of the protocol, served by Bun. */
import {
  AgentCard,
  Message,
  Task,
  TaskArtifactUpdateEvent,
  TaskStatusUpdateEvent,
} from "@a2a-js/sdk";
import { LegacyJsonRpcTransportHandler } from "@a2a-js/sdk/compat/v0_3/server";
import {
  AgentEvent,
  type AgentExecutor,
  DefaultRequestHandler,
  type ExecutionEventBus,
  InMemoryTaskStore,
  JsonRpcTransportHandler,
  type RequestContext,
  ServerCallContext,
} from "@a2a-js/sdk/server";
import { Bell } from "./wait.ts";

type Json = Record<string, unknown>;
type WireParts = string | Json[];

/** What the agent does with one message. */
export type Play = (turn: Turn) => Promise<void> | void;

export interface AgentSettings {
  versions?: ("0.3" | "1.0")[];
  /** The card's place: none, where a version of today or of old has it, … */
  card?: "none" | "agent-card.json" | "agent.json";
  /** The path that takes messages. */
  path?: string;
}

export interface SeenCall {
  method: string;
  headers: Headers;
  params: Json;
}

/** One message at the agent, and what it may say to it. Parts are written as in v1.0. */
export class Turn {
  readonly #bus: ExecutionEventBus;
  readonly taskId: string;
  readonly contextId: string;
  /** The message as v1.0 writes it. */
  readonly message: Json;
  /** Whether it goes on with a task. */
  readonly continues: boolean;
  #ids = 0;

  constructor(context: RequestContext, bus: ExecutionEventBus) {
    this.#bus = bus;
    this.taskId = context.taskId;
    this.contextId = context.contextId;
    this.continues = context.task !== undefined;
    this.message = Message.toJSON(context.userMessage) as Json;
  }

  get text(): string {
    const parts = this.message["parts"] as { text?: string }[];
    return parts.map((part) => part.text ?? "").join("");
  }

  reply(parts: WireParts): void {
    this.#bus.publish(AgentEvent.message(this.#message(parts)));
  }

  task(state: string, parts?: WireParts): void {
    const { taskId: id, contextId } = this;
    this.#bus.publish(
      AgentEvent.task(Task.fromJSON({ id, contextId, status: this.#status(state, parts) })),
    );
  }

  status(state: string, parts?: WireParts): void {
    const { taskId, contextId } = this;
    const status = this.#status(state, parts);
    this.#bus.publish(
      AgentEvent.statusUpdate(TaskStatusUpdateEvent.fromJSON({ taskId, contextId, status })),
    );
  }

  artifact(parts: WireParts): void {
    const { taskId, contextId } = this;
    const artifact = { artifactId: `artifact-${++this.#ids}`, parts: listOf(parts) };
    this.#bus.publish(
      AgentEvent.artifactUpdate(TaskArtifactUpdateEvent.fromJSON({ taskId, contextId, artifact })),
    );
  }

  #status(state: string, parts: WireParts | undefined): Json {
    const message = parts === undefined ? undefined : Message.toJSON(this.#message(parts));
    const timestamp = new Date().toISOString();
    return { state: `TASK_STATE_${state.toUpperCase().replaceAll("-", "_")}`, timestamp, message };
  }

  #message(parts: WireParts): Message {
    const { contextId } = this;
    return Message.fromJSON({
      messageId: crypto.randomUUID(),
      contextId,
      role: "ROLE_AGENT",
      parts: listOf(parts),
    });
  }
}

export class A2aTestAgent implements AsyncDisposable {
  readonly calls: SeenCall[] = [];
  readonly turns: Turn[] = [];
  /** The tasks that it was told to end. */
  readonly canceled: string[] = [];
  readonly bell = new Bell();
  readonly #settings: Required<AgentSettings>;
  readonly #server: Bun.Server<undefined>;
  readonly #new: JsonRpcTransportHandler;
  readonly #old: LegacyJsonRpcTransportHandler;

  constructor(play: Play, settings: AgentSettings = {}) {
    this.#settings = {
      versions: ["0.3", "1.0"],
      card: "agent-card.json",
      path: "/",
      ...settings,
    };
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => this.#answer(request),
    });
    const card = AgentCard.fromJSON(this.#card());
    const handler = new DefaultRequestHandler(card, new InMemoryTaskStore(), this.#executor(play));
    this.#new = new JsonRpcTransportHandler(handler);
    this.#old = new LegacyJsonRpcTransportHandler(handler);
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  get url(): string {
    return `${this.origin}${this.#settings.path}`;
  }

  methods(): string[] {
    return this.calls.map(({ method }) => method);
  }

  untilCalled(method: string): Promise<void> {
    return this.bell.until(() => this.methods().includes(method), `a call of ${method}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  #executor(play: Play): AgentExecutor {
    return {
      execute: async (context, bus) => {
        const turn = new Turn(context, bus);
        this.turns.push(turn);
        this.bell.ring();
        await play(turn);
      },
      cancelTask: async (taskId, bus) => {
        this.canceled.push(taskId);
        const { contextId } = this.turns.findLast((turn) => turn.taskId === taskId) ?? {};
        const status = { state: "TASK_STATE_CANCELED", timestamp: new Date().toISOString() };
        bus.publish(
          AgentEvent.statusUpdate(TaskStatusUpdateEvent.fromJSON({ taskId, contextId, status })),
        );
        this.bell.ring();
      },
    };
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const { card, path, versions } = this.#settings;
    if (request.method === "GET" && pathname === `/.well-known/${card}`) {
      return Response.json(this.#card());
    }
    if (request.method !== "POST" || pathname !== path) return new Response(null, { status: 404 });
    const body = (await request.json()) as { id: unknown; method: string; params: Json };
    const { method, params } = body;
    this.calls.push({ method, headers: request.headers, params });
    this.bell.ring();
    const version = method.includes("/") ? "0.3" : "1.0";
    if (!versions.includes(version)) {
      const error = { code: -32601, message: `Method not found: ${method}` };
      return Response.json({ jsonrpc: "2.0", id: body.id, error });
    }
    const context = new ServerCallContext({ requestedVersion: version });
    const handler = version === "0.3" ? this.#old : this.#new;
    return Response.json(await handler.handle(body, context));
  }

  /** A card of v0.3 where it speaks that only, of v1.0 otherwise. */
  #card(): Json {
    const url = `http://localhost:${this.#server.port}${this.#settings.path}`;
    const { versions } = this.#settings;
    const both = { name: "test", description: "an agent of tests", version: "1", skills: [] };
    if (!versions.includes("1.0")) {
      return { ...both, url, protocolVersion: "0.3.0", preferredTransport: "JSONRPC" };
    }
    return {
      ...both,
      capabilities: {},
      supportedInterfaces: versions.map((protocolVersion) => ({
        url,
        protocolBinding: "JSONRPC",
        protocolVersion,
      })),
    };
  }
}

function listOf(parts: WireParts): Json[] {
  return typeof parts === "string" ? [{ text: parts }] : parts;
}
