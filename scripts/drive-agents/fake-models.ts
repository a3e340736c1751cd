/** The APIs of models as OpenAI (chat and responses) and Google have them, on 127.0.0.1: all say "ok", or use a tool first. */
import { FakeServer } from "./fake-server.ts";

export interface ToolUse {
  name: string;
  input: object;
}

export class FakeModels extends FakeServer {
  /** The bodies of the calls that ask for an answer, in order. */
  readonly calls: string[] = [];
  mode: "ok" | "silent" | "overloaded" = "ok";
  /** What the next turn uses, once. */
  tool: ToolUse | undefined;

  /** The last call that asked for an answer. */
  sent(): string {
    return this.calls.at(-1) ?? "";
  }

  protected async serve(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const body = await request.text();
    const kind = Object.keys(ANSWERS).find((part) => pathname.includes(part));
    if (kind === undefined) return Response.json({}, { status: 404 });
    // Without tools it is no turn of the agent, but a side call of its own, such as for a title.
    const tools = (JSON.parse(body) as { tools?: unknown }).tools;
    if (tools !== undefined) this.calls.push(body);
    if (this.mode === "overloaded") {
      const error = { code: 429, message: "Rate limit reached", type: "rate_limit_error" };
      return Response.json({ error }, { status: 429 });
    }
    if (this.mode === "silent" && tools !== undefined) return new Promise<Response>(() => {});
    const use = tools === undefined ? undefined : this.tool;
    if (use !== undefined) this.tool = undefined;
    const events = (use === undefined ? ANSWERS : toolAnswers(use))[kind] ?? [];
    if (!body.includes('"stream":true') && kind === "/chat/completions") {
      const message = { role: "assistant", content: "ok" };
      return Response.json({ id: "c", choices: [{ index: 0, message, finish_reason: "stop" }] });
    }
    if (kind === ":generateContent") return Response.json(events[0]);
    const lines = events.map((event) => `data: ${JSON.stringify(event)}\n\n`);
    const done = kind === "/chat/completions" ? "data: [DONE]\n\n" : "";
    return new Response(lines.join("") + done, {
      headers: { "content-type": "text/event-stream" },
    });
  }
}

const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
const chat = { id: "c", object: "chat.completion.chunk", created: 1, model: "m" };
const candidate = {
  content: { role: "model", parts: [{ text: "ok" }] },
  finishReason: "STOP",
  index: 0,
};
const google = {
  candidates: [candidate],
  usageMetadata: { totalTokenCount: 2 },
  modelVersion: "m",
};
const message = {
  type: "message",
  id: "msg_1",
  role: "assistant",
  status: "completed",
  content: [{ type: "output_text", text: "ok", annotations: [] }],
};

/** By a part of the path: the events of a stream. */
const ANSWERS: Record<string, object[]> = {
  "/chat/completions": [
    { ...chat, choices: [{ index: 0, delta: { role: "assistant", content: "ok" } }] },
    { ...chat, choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
  ],
  ":streamGenerateContent": [google],
  ":generateContent": [google],
  "/responses": [
    { type: "response.created", response: { id: "r" } },
    { type: "response.output_item.done", output_index: 0, item: message },
    {
      type: "response.completed",
      response: { id: "r", status: "completed", output: [message], usage },
    },
  ],
};

/** As {@link ANSWERS}, for a turn that uses a tool. */
function toolAnswers({ name, input }: ToolUse): Record<string, object[]> {
  const json = JSON.stringify(input);
  const call = { index: 0, id: "call_1", type: "function", function: { name, arguments: json } };
  const item = { type: "function_call", id: "f", call_id: "call_1", name, arguments: json };
  const parts = [{ functionCall: { name, args: input } }];
  const google = { candidates: [{ ...candidate, content: { role: "model", parts } }] };
  return {
    "/chat/completions": [
      { ...chat, choices: [{ index: 0, delta: { role: "assistant", tool_calls: [call] } }] },
      { ...chat, choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }] },
    ],
    ":streamGenerateContent": [google],
    ":generateContent": [google],
    "/responses": [
      { type: "response.created", response: { id: "r" } },
      { type: "response.output_item.done", output_index: 0, item },
      { type: "response.completed", response: { id: "r", usage } },
    ],
  };
}
