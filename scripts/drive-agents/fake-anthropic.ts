/** A model's API on 127.0.0.1 that speaks as Anthropic's does and says what it is told to say. */
import { FakeServer } from "./fake-server.ts";

/** What one call is answered with. */
export type Reply =
  /** Text blocks and tool uses, in order; with a tool use among them the turn goes on. */
  | { blocks: Block[] }
  | Failure
  /** Nothing at all, until the caller gives up. */
  | "silence";

/** An error as the real API words it. */
export interface Failure {
  status: number;
  type: string;
  message: string;
  headers?: Record<string, string>;
}

export type Block = { text: string } | { tool: string; input: object };

/** One call of the model, with all that was said before. */
export interface Call {
  model: string;
  system: string;
  messages: unknown[];
  tools: string[];
}

/** Serves `answer` until disposed; `calls` holds what was asked for a turn of the agent, in order. */
export class FakeAnthropic extends FakeServer {
  readonly calls: Call[] = [];
  answer: (call: Call) => Reply = () => ({ blocks: [{ text: "ok" }] });

  /** All that the agent has sent with its n-th call from the end, as JSON. */
  sent(fromEnd = 1): string {
    return JSON.stringify(this.calls.at(-fromEnd)?.messages ?? []);
  }

  protected async serve(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith("/count_tokens")) return Response.json({ input_tokens: 10 });
    if (request.method !== "POST" || !pathname.endsWith("/v1/messages")) {
      return Response.json({}, { status: 404 });
    }
    const body = (await request.json()) as { [key: string]: unknown };
    const call = readCall(body);
    // Without tools it is no turn of the agent, but a side call of its own, such as for a title.
    const reply: Reply =
      call.tools.length === 0 ? { blocks: [{ text: "{}" }] } : this.#answerTo(call);
    if (reply === "silence") return new Promise<Response>(() => {});
    if ("status" in reply) return failure(reply);
    const message = messageOf(call.model, reply.blocks);
    if (body.stream !== true) return Response.json(message);
    return new Response(events(message), { headers: { "content-type": "text/event-stream" } });
  }

  #answerTo(call: Call): Reply {
    this.calls.push(call);
    return this.answer(call);
  }
}

function readCall(body: { [key: string]: unknown }): Call {
  const tools = Array.isArray(body.tools) ? body.tools : [];
  return {
    model: String(body.model),
    system: JSON.stringify(body.system ?? ""),
    messages: Array.isArray(body.messages) ? body.messages : [],
    tools: tools.map((tool: { name?: unknown }) => String(tool.name)),
  };
}

function failure({ status, type, message, headers = {} }: Failure): Response {
  return Response.json({ type: "error", error: { type, message } }, { status, headers });
}

function messageOf(model: string, blocks: Block[]) {
  return {
    id: `msg_${crypto.randomUUID()}`,
    type: "message",
    role: "assistant",
    model,
    content: blocks.map((block) =>
      "text" in block
        ? { type: "text", text: block.text }
        : { type: "tool_use", id: `toolu_${crypto.randomUUID()}`, ...toolOf(block) },
    ),
    stop_reason: blocks.some((block) => "tool" in block) ? "tool_use" : "end_turn",
    stop_sequence: null,
    usage: { input_tokens: 10, output_tokens: 10 },
  };
}

function toolOf({ tool, input }: { tool: string; input: object }) {
  return { name: tool, input };
}

/** The message as the events of a stream. */
function events(message: ReturnType<typeof messageOf>): string {
  const list: { type: string; [key: string]: unknown }[] = [
    { type: "message_start", message: { ...message, content: [], stop_reason: null } },
  ];
  message.content.forEach((block, index) => {
    const tool = "input" in block;
    const content_block = tool ? { ...block, input: {} } : { ...block, text: "" };
    const delta = tool
      ? { type: "input_json_delta", partial_json: JSON.stringify(block.input) }
      : { type: "text_delta", text: "text" in block ? block.text : "" };
    list.push({ type: "content_block_start", index, content_block });
    list.push({ type: "content_block_delta", index, delta });
    list.push({ type: "content_block_stop", index });
  });
  const { stop_reason, usage } = message;
  list.push({ type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage });
  list.push({ type: "message_stop" });
  return list.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}
