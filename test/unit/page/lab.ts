/** A platform with its page for a test: in memory, on a free port, with clocks moved by hand. */
import type { DevOptions } from "../../../src/dev/server.ts";
import type { BridgeLook, Bridges, RowPlace } from "../../../src/page/bridges.ts";
import { createPage, type Page } from "../../../src/page/page.ts";
import type { Frame, PageBridge, PageState, Standing } from "../../../src/page/wire.ts";
import { ManualClock } from "../../harness/clock.ts";
import { lookUntil } from "../../harness/wait.ts";
import { type Answer, type Ask, lab, type Lab } from "../dev/lab.ts";

export const TOKEN = "page-token-0123456789";

/** What a test has its bridges say. */
export class FakeBridges implements Bridges {
  readonly looks = new Map<string, BridgeLook>();
  readonly known = new Map<string, Standing>();
  readonly retried: string[] = [];
  lookedAt = 0;
  /** What {@link retry} does. */
  onRetry: () => boolean = () => true;

  async look(workspaceId: string): Promise<BridgeLook | undefined> {
    this.lookedAt += 1;
    return this.looks.get(workspaceId);
  }

  async standings(workspaceId: string, rows: readonly RowPlace[]): Promise<Map<string, Standing>> {
    const found = rows.flatMap(({ id }) => {
      const standing = this.known.get(`${workspaceId} ${id}`);
      return standing === undefined ? [] : [[id, standing] as const];
    });
    return new Map(found);
  }

  async retry(workspaceId: string, activityId: string): Promise<boolean> {
    this.retried.push(`${workspaceId} ${activityId}`);
    return this.onRetry();
  }

  /** From now on a look finds this. */
  show(id: string, standings: { [id: string]: Standing }, bridge: Partial<PageBridge> = {}): void {
    const shown = { ...BRIDGE, ...bridge };
    this.looks.set(id, { bridge: shown, standings: new Map(Object.entries(standings)) });
  }
}

export const BRIDGE: PageBridge = {
  state: "connected",
  troubles: [],
  backend: "mock",
  pid: 7,
  since: 1,
  wake: "streaming",
  unsettled: 0,
  outbox: 0,
  deadLetters: 0,
};

export class PageLab implements AsyncDisposable {
  readonly at: Lab;
  readonly page: Page;
  /** The page's own; the platform's is that of {@link at}. */
  readonly clock: ManualClock;
  readonly bridges: FakeBridges;

  constructor(at: Lab, page: Page, clock: ManualClock, bridges: FakeBridges) {
    this.at = at;
    this.page = page;
    this.clock = clock;
    this.bridges = bridges;
  }

  /** A call of the page's API, with its token unless another one is given. */
  api(method: string, path: string, ask: Ask = {}): Promise<Answer> {
    return this.at.ask(method, `/page/api/${path}`, { token: TOKEN, ...ask });
  }

  async rows(id: string, view: string, before?: string): Promise<Answer> {
    const more = before === undefined ? "" : `&before=${encodeURIComponent(before)}`;
    return this.api("GET", `workspaces/${id}/rows?view=${view}${more}`);
  }

  /** Sends a message as the page does. */
  say(id: string, text: string, more: { [key: string]: unknown } = {}): Promise<Answer> {
    const body = { messageId: crypto.randomUUID(), text, files: [], ...more };
    return this.api("POST", `workspaces/${id}/messages`, { body });
  }

  /** Lets everything that waits to be told be told. */
  async tell(): Promise<void> {
    await this.clock.advance(25);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.at[Symbol.asyncDispose]();
  }
}

export async function pageLab(options: Partial<DevOptions> = {}): Promise<PageLab> {
  const clock = new ManualClock();
  const bridges = new FakeBridges();
  const page = createPage({
    token: TOKEN,
    version: "1.2.3",
    bridges,
    connectLine: (id) => `molecule connect ${id}`,
    clock,
  });
  return new PageLab(await lab({ front: page.front, ...options }), page, clock, bridges);
}

/** Somebody who has the page open. */
export class Visitor implements Disposable {
  readonly frames: Frame[] = [];
  readonly headers: Headers;
  /** What came, as it came. */
  text = "";
  ended = false;
  readonly #hangUp: AbortController;

  private constructor(response: Response, hangUp: AbortController) {
    this.headers = response.headers;
    this.#hangUp = hangUp;
    void this.#read(response).catch(() => (this.ended = true));
  }

  /** Has its first frame when this resolves. */
  static async to({ at }: PageLab): Promise<Visitor> {
    const hangUp = new AbortController();
    const response = await fetch(`${at.platform.url}/page/api/stream`, {
      headers: { authorization: `Bearer ${TOKEN}` },
      signal: hangUp.signal,
    });
    if (response.status !== 200) throw new Error(`the stream is a ${response.status}`);
    const visitor = new Visitor(response, hangUp);
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

  leave(): void {
    this.#hangUp.abort();
  }

  [Symbol.dispose](): void {
    this.leave();
  }

  async #read(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of response.body ?? []) {
      const text = decoder.decode(chunk, { stream: true });
      this.text += text;
      const blocks = (rest + text).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        if (block.startsWith("data: ")) this.frames.push(JSON.parse(block.slice(6)) as Frame);
      }
    }
    this.ended = true;
  }
}
