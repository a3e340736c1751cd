/** Someone who listens to the events of a workspace, for a test. */
import type { EventFrame } from "../../../src/contract/events.ts";
import { HeardStream } from "../../harness/heard-stream.ts";
import { lookUntil } from "../../harness/wait.ts";
import type { Lab } from "./lab.ts";

export class Listener extends HeardStream<EventFrame> {
  /** Listens from the moment that this resolves. */
  static async to(at: Lab, { id }: { id: string }, token = at.admin): Promise<Listener> {
    const url = `${at.platform.url}/workspaces/${id}/events/stream`;
    const listener = new Listener(...(await HeardStream.open(url, token)));
    await lookUntil(() => listener.text.startsWith(": ping\n\n"));
    return listener;
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
}
