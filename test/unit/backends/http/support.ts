/** What the tests of the http backend share. */
import type { Backend, BackendRequest, Outcome } from "../../../../src/backends/backend.ts";
import { createHttp } from "../../../../src/backends/http/create.ts";
import { http } from "../../../../src/backends/http/declaration.ts";
import { parseOptions } from "../../../../src/backends/options.ts";
import { never, request, TestParts } from "../support.ts";

export const httpBackend = (options: string[], parts = new TestParts({})): Backend =>
  createHttp(parseOptions(http, options), parts);

export interface Heard {
  method: string;
  path: string;
  headers: Headers;
  text: string;
}

/** An HTTP server of a few lines, which remembers what it heard. */
export class TestServer implements AsyncDisposable {
  readonly heard: Heard[] = [];
  readonly #server: Bun.Server<undefined>;

  constructor(answer: (heard: Heard) => Response | Promise<Response>) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (asked) => {
        const { method, headers } = asked;
        const path = new URL(asked.url).pathname;
        const heard = { method, path, headers, text: await asked.text() };
        this.heard.push(heard);
        return answer(heard);
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }
}

/** The outcome of one message at a server, by raw, or by A2A without a look for a card. */
export function outcomeAt(
  url: string,
  {
    format = "a2a",
    options = [],
    over = {},
    parts = new TestParts({}),
    signal = never,
  }: {
    format?: "a2a" | "raw";
    options?: string[];
    over?: Partial<BackendRequest>;
    parts?: TestParts;
    signal?: AbortSignal;
  } = {},
): Promise<Outcome> {
  const own = format === "raw" ? ["format=raw"] : ["protocol=0.3"];
  return httpBackend([`url=${url}`, ...own, ...options], parts).run(request(over), signal);
}

/** An answer of JSON-RPC to what was heard. */
export function rpc(heard: Heard, result: unknown): Response {
  const { id } = JSON.parse(heard.text) as { id: number };
  return Response.json({ jsonrpc: "2.0", id, result });
}

export function rpcError(heard: Heard, code: number, message: string, status = 200): Response {
  const { id } = JSON.parse(heard.text) as { id: number };
  return Response.json({ jsonrpc: "2.0", id, error: { code, message } }, { status });
}

export const OLD_MESSAGE = {
  kind: "message",
  messageId: "m",
  role: "agent",
  parts: [{ kind: "text", text: "hi" }],
};
