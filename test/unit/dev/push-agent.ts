/** An agent in push mode, for a test. */
import { expect } from "bun:test";
import { CARD, type Lab, type Member } from "./lab.ts";

/** An agent with an address, which answers as the test says. */
export class Agent implements Disposable {
  readonly calls: { path: string; headers: Headers; body: any }[] = [];
  readonly #server: Bun.Server<undefined>;

  constructor(answer: () => Response | Promise<Response>) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      development: false,
      fetch: async (request) => {
        const { pathname: path } = new URL(request.url);
        this.calls.push({ path, headers: request.headers, body: await request.json() });
        return answer();
      },
    });
  }

  get url(): string {
    return `http://localhost:${this.#server.port}/a2a/inbound`;
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }
}

/** Registers `agent` for pushes to the address; gives its inbound secret. */
export async function registerPush(at: Lab, agent: Member, url: string): Promise<string> {
  const body = { id: agent.id, agent_card: CARD, delivery_mode: "push", url };
  const answer = await at.post("/registry/register", { token: agent.token, body });
  expect(answer.status).toBe(200);
  return answer.body.platform_inbound_secret;
}
