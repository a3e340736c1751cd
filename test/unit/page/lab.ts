/** A platform with its page for a test: in memory, on a free port, with clocks moved by hand. */
import type { Dev } from "../../../src/dev/call.ts";
import type { DevOptions } from "../../../src/dev/server.ts";
import { createPage, type Page } from "../../../src/page/page.ts";
import { ManualClock } from "../../harness/clock.ts";
import { FakeBridges } from "../../harness/fake-bridges.ts";
import { type Answer, type Ask, lab, type Lab } from "../dev/lab.ts";

export const TOKEN = "page-token-0123456789";

export class PageLab implements AsyncDisposable {
  readonly at: Lab;
  readonly page: Page;
  /** The page's own; the platform's is that of {@link at}. */
  readonly clock: ManualClock;
  readonly bridges: FakeBridges;
  readonly #dev: () => Dev | undefined;

  constructor(
    at: Lab,
    {
      page,
      clock,
      bridges,
      dev,
    }: Pick<PageLab, "page" | "clock" | "bridges"> & { dev(): Dev | undefined },
  ) {
    this.at = at;
    this.page = page;
    this.clock = clock;
    this.bridges = bridges;
    this.#dev = dev;
  }

  /** The platform as its endpoints see it, once the page was asked for anything. */
  get dev(): Dev {
    const dev = this.#dev();
    if (dev === undefined) throw new Error("the page was not asked for anything yet");
    return dev;
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
  let dev: Dev | undefined;
  const front: Page["front"] = (request, url, seen) => page.front(request, url, (dev = seen));
  const at = await lab({ front, ...options });
  return new PageLab(at, { page, clock, bridges, dev: () => dev });
}
