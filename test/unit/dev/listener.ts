/** Someone who listens to the events of a workspace, for a test. */
import { expect } from "bun:test";
import type { EventFrame } from "../../../src/contract/events.ts";
import { lookUntil } from "../../harness/wait.ts";
import type { Lab } from "./lab.ts";

export class Listener implements Disposable {
  readonly headers: Headers;
  /** What came, as it came. */
  text = "";
  /** The platform has ended the stream. */
  ended = false;
  readonly #hangUp: AbortController;

  private constructor(response: Response, hangUp: AbortController) {
    this.headers = response.headers;
    this.#hangUp = hangUp;
    void this.#read(response).catch(() => {});
  }

  /** Listens from the moment that this resolves. */
  static async to(at: Lab, { id }: { id: string }, token = at.admin): Promise<Listener> {
    const hangUp = new AbortController();
    const response = await fetch(`${at.platform.url}/workspaces/${id}/events/stream`, {
      headers: { authorization: `Bearer ${token}` },
      signal: hangUp.signal,
    });
    expect(response.status).toBe(200);
    const listener = new Listener(response, hangUp);
    await lookUntil(() => listener.text.startsWith(": ping\n\n"));
    return listener;
  }

  get frames(): EventFrame[] {
    return this.text
      .split("\n\n")
      .filter((block) => block.startsWith("data: "))
      .map((block) => JSON.parse(block.slice("data: ".length)) as EventFrame);
  }

  get types(): string[] {
    return this.frames.map(({ type }) => type);
  }

  /** The first frame of the type. */
  async heard(type: string): Promise<EventFrame> {
    await lookUntil(
      () => this.types.includes(type),
      () => `no ${type} among ${this.types.join(", ")}`,
    );
    return this.frames.find((frame) => frame.type === type) as EventFrame;
  }

  [Symbol.dispose](): void {
    this.#hangUp.abort();
  }

  async #read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      this.text += decoder.decode(chunk, { stream: true });
    }
    this.ended = true;
  }
}
