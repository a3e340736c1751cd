/** Somebody who has the page open, for a test. */
import type { Frame, PageState } from "../../../src/page/wire.ts";
import { HeardStream } from "../../harness/heard-stream.ts";
import { lookUntil } from "../../harness/wait.ts";
import { TOKEN, type PageLab } from "./lab.ts";

export class Visitor extends HeardStream<Frame> {
  /** Has its first frame when this resolves. */
  static async to({ at }: PageLab): Promise<Visitor> {
    const url = `${at.platform.url}/page/api/stream`;
    const visitor = new Visitor(...(await HeardStream.open(url, TOKEN)));
    await visitor.heard("state");
    return visitor;
  }

  get state(): PageState {
    const [first] = this.frames;
    if (first?.type !== "state") throw new Error("the first frame is no state");
    return first.state;
  }

  of<T extends Frame["type"]>(type: T): Extract<Frame, { type: T }>[] {
    return this.frames.filter((frame) => frame.type === type) as Extract<Frame, { type: T }>[];
  }

  /** So many frames of the type. */
  async heard<T extends Frame["type"]>(type: T, count = 1): Promise<Extract<Frame, { type: T }>[]> {
    await lookUntil(
      () => this.of(type).length >= count,
      () => `${this.of(type).length} of ${count} ${type} among ${this.frames.length} frames`,
    );
    return this.of(type);
  }
}
