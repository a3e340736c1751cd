/**
 * A model's server as the OpenAI-compatible ones are, and stricter than any of them: what a request may
 * not hold is a violation. It answers with what it was asked, unless a test says what comes next.
 */
import { Bell } from "./wait.ts";

export interface ChatRequest {
  model: string;
  messages: { role: string; content: any }[];
  stream: false;
  temperature?: number;
  max_tokens?: number;
}

export interface OpenaiServerSetup {
  /** The bearer that a request must have; without one it must have none. */
  key?: string;
  models?: string[];
}

type Reaction = (request: ChatRequest, raw: Request) => Response | Promise<Response>;

export class OpenaiServer implements Disposable {
  /** The chat requests, good or bad, in the order in which they came. */
  readonly requests: ChatRequest[] = [];
  readonly headers: Headers[] = [];
  /** What was wrong with any of them. */
  readonly violations: string[] = [];
  /** Times that it was asked for its models. */
  listed = 0;
  /** Asked instead of the list. */
  onModels: (() => Response) | undefined;
  readonly #next: Reaction[] = [];
  readonly #bell = new Bell();
  readonly #setup: OpenaiServerSetup;
  readonly #server: Bun.Server<undefined>;

  constructor(setup: OpenaiServerSetup = {}) {
    this.#setup = setup;
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: (request) => this.#serve(request),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/v1`;
  }

  /** What the next chat requests are answered with, one each, whatever they hold. */
  next(...reactions: (Reaction | Response)[]): void {
    for (const one of reactions) this.#next.push(typeof one === "function" ? one : () => one);
  }

  /** What the next ones say, as a model does. */
  says(...texts: string[]): void {
    this.next(...texts.map((text) => () => completion({ content: text })));
  }

  /** The messages of the last request. */
  get last(): ChatRequest["messages"] {
    return this.requests.at(-1)?.messages ?? [];
  }

  untilAsked(times = 1): Promise<void> {
    return this.#bell.until(() => this.requests.length >= times, `${times} chat requests`);
  }

  [Symbol.dispose](): void {
    this.#server.stop(true);
  }

  async #serve(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const wants = this.#setup.key === undefined ? null : `Bearer ${this.#setup.key}`;
    if (request.headers.get("authorization") !== wants) {
      return apiError(401, "Incorrect API key provided", { code: "invalid_api_key" });
    }
    if (request.method === "GET" && pathname === "/v1/models") {
      this.listed += 1;
      const data = this.#models.map((id) => ({ id, object: "model", created: 0, owned_by: "lab" }));
      return this.onModels?.() ?? Response.json({ object: "list", data });
    }
    if (request.method !== "POST" || pathname !== "/v1/chat/completions") {
      this.violations.push(`${request.method} ${pathname}`);
      return new Response("404 page not found", { status: 404 });
    }
    return this.#chat(request);
  }

  async #chat(request: Request): Promise<Response> {
    const body = JSON.parse(await request.text());
    this.requests.push(body);
    this.headers.push(request.headers);
    const wrong = [...wrongHeaders(request.headers), ...wrongBody(body)];
    this.violations.push(...wrong);
    this.#bell.ring();
    const reaction = this.#next.shift();
    if (reaction !== undefined) return reaction(body, request);
    if (wrong.length > 0) return apiError(400, wrong.join("; "), { type: "invalid_request_error" });
    if (!this.#models.includes(body.model)) {
      return apiError(404, `The model \`${body.model}\` does not exist`, {
        code: "model_not_found",
      });
    }
    return completion({ content: `heard: ${textOf(body.messages.at(-1)?.content)}` });
  }

  get #models(): string[] {
    return this.#setup.models ?? ["small"];
  }
}

/** A good answer with one choice. */
export function completion(
  message: Record<string, unknown>,
  finish_reason: string | null = "stop",
): Response {
  return Response.json({
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "small",
    choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  });
}

/** An error in the form of OpenAI's. */
export function apiError(
  status: number,
  message: string,
  more: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Response {
  const error = { message, type: "api_error", param: null, code: null, ...more };
  return Response.json({ error }, { status, headers });
}

/** The text of a message's content. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return (content as any[]).map((part) => part.text ?? "").join("");
}

function wrongHeaders(headers: Headers): string[] {
  const type = headers.get("content-type");
  return type === "application/json" ? [] : [`content-type ${type}`];
}

const KEYS = ["model", "messages", "stream", "temperature", "max_tokens"];

function wrongBody(body: ChatRequest): string[] {
  const { messages } = body;
  if (!Array.isArray(messages)) return ["no messages"];
  const rest = messages[0]?.role === "system" ? messages.slice(1) : messages;
  return [
    ...Object.keys(body).flatMap((key) => (KEYS.includes(key) ? [] : [`unknown key ${key}`])),
    ...(typeof body.model === "string" && body.model !== "" ? [] : ["no model"]),
    ...(body.stream === false ? [] : ["stream is not false"]),
    ...(body.temperature === undefined || typeof body.temperature === "number"
      ? []
      : ["temperature"]),
    ...(body.max_tokens === undefined || Number.isInteger(body.max_tokens) ? [] : ["max_tokens"]),
    ...(rest.length % 2 === 1 ? [] : ["the last message is not the user's"]),
    ...rest.flatMap(({ role }, at) =>
      role === (at % 2 === 0 ? "user" : "assistant") ? [] : [`message ${at} is of ${role}`],
    ),
    ...messages.flatMap((message, at) => wrongMessage(message, at === messages.length - 1)),
  ];
}

function wrongMessage(message: ChatRequest["messages"][number], last: boolean): string[] {
  const { content } = message;
  const keys = Object.keys(message).sort().join();
  if (keys !== "content,role") return [`a message with ${keys}`];
  if (typeof content === "string") {
    if (content.trim() === "") return ["an empty message"];
    return content.isWellFormed() ? [] : ["half a character"];
  }
  if (!last || !Array.isArray(content)) return ["content that is no text"];
  return content.flatMap((part, at) => {
    if (at === 0) return part.type === "text" && part.text !== "" ? [] : ["no text first"];
    const url = part.type === "image_url" ? part.image_url?.url : undefined;
    return /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+=*$/.test(url ?? "")
      ? []
      : ["a part that is no image"];
  });
}
