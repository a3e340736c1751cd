/** The platform with its page inside the test's process, and those who write to each other there. */
import type { Page } from "playwright-core";
import { createExternal } from "../../src/dev/create.ts";
import { startDevPlatform, type DevOptions, type DevPlatform } from "../../src/dev/server.ts";
import type { Bridges } from "../../src/page/bridges.ts";
import { pageLink } from "../../src/page/link.ts";
import { createPage, type Page as PageServer } from "../../src/page/page.ts";
import { systemClock } from "../../src/shared/clock.ts";
import { TestBridge, type BridgeUnderTest } from "./bridge.ts";
import { WORKSPACE } from "./scripted-platform.ts";

export interface Member {
  id: string;
  name: string;
  token: string;
}

export interface StageSetup {
  platform?: Partial<DevOptions>;
  bridges?: Bridges;
  connectLine?: (workspaceId: string) => string | undefined;
}

export const PAGE_TOKEN = "page-0123456789abcdefghijklmnopqrstuvwxyz";

export class PageStage implements AsyncDisposable {
  platform!: DevPlatform;
  page!: PageServer;
  /** The one that a {@link bridge} answers for. */
  readonly agent: Member = { id: WORKSPACE, name: "agent", token: "" };
  readonly ada: Member = { id: "", name: "ada", token: "" };
  readonly #setup: StageSetup;

  private constructor(setup: StageSetup) {
    this.#setup = setup;
  }

  static async start(setup: StageSetup = {}): Promise<PageStage> {
    const stage = new PageStage(setup);
    await stage.#start(0, PAGE_TOKEN);
    const { database, events } = stage.platform;
    const poll = { delivery_mode: "poll" } as const;
    database.workspaces.insert({ ...poll, id: WORKSPACE, name: "agent", status: "awaiting_agent" });
    stage.agent.token = database.tokens.mint(WORKSPACE, "instance");
    Object.assign(stage.ada, stage.member("ada"));
    events.changed(WORKSPACE);
    return stage;
  }

  get url(): string {
    return this.platform.url;
  }

  /** What `molecule dev` prints. */
  get link(): string {
    return pageLink(this.url, { token: PAGE_TOKEN });
  }

  /** One more workspace, made as an operator makes one. */
  member(name: string): Member {
    const { database, events } = this.platform;
    const { id, token = "" } = createExternal(database, name, { delivery_mode: "poll" });
    events.changed(id);
    return { id, name, token };
  }

  /** Answers as the agent: `echo: <text>` unless told otherwise. */
  bridge(setup: BridgeUnderTest = {}): TestBridge {
    return new TestBridge(this.url, { token: this.agent.token, ...setup });
  }

  /** A message of the person at the canvas, not by the page. */
  canvas(to: Member, text: string): Promise<void> {
    return this.sendParts({ token: this.platform.adminToken }, to, [{ kind: "text", text }]);
  }

  /** The ids of a workspace's rows, oldest first. */
  async rowsOf({ id, token }: Member): Promise<string[]> {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${this.url}/workspaces/${id}/activity?limit=500`, { headers });
    return ((await response.json()) as { id: string }[]).map((row) => row.id).reverse();
  }

  /** A message of a workspace to another. */
  send(from: Member, to: Member, text: string): Promise<void> {
    const parts = [{ kind: "text", text }];
    return this.sendParts(from, to, parts);
  }

  async sendParts(from: Pick<Member, "token">, to: Member, parts: unknown): Promise<void> {
    const message = { role: "user", messageId: crypto.randomUUID(), parts };
    await this.call(`/workspaces/${to.id}/a2a`, from.token, {
      jsonrpc: "2.0",
      id: "1",
      method: "message/send",
      params: { message },
    });
  }

  /** Something that an agent says to the person at the canvas. */
  say(from: Member, message: string, attachments: object[] = []): Promise<void> {
    return this.call(`/workspaces/${from.id}/notify`, from.token, { message, attachments });
  }

  /** A call of the platform's own API that has to be accepted. */
  async call(path: string, token: string, body: unknown): Promise<void> {
    const response = await fetch(this.url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  }

  /** Ends; what is in its database stays where it has a file. */
  async stop(): Promise<void> {
    this.page.stop();
    await this.platform.stop();
  }

  /** Begins again on the port that it had. */
  restart({ token = PAGE_TOKEN } = {}): Promise<void> {
    return this.#start(this.platform.port, token);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(port: number, token: string): Promise<void> {
    const { platform, bridges, connectLine } = this.#setup;
    this.page = createPage({
      token,
      version: "1.2.3",
      clock: systemClock,
      ...(bridges === undefined ? {} : { bridges }),
      ...(connectLine === undefined ? {} : { connectLine }),
    });
    this.platform = await startDevPlatform({
      port,
      db: ":memory:",
      rateLimit: 0,
      front: this.page.front,
      ...platform,
    });
  }
}

/** The messages that the page shows, oldest first. */
export function messages(page: Page) {
  return page.getByRole("log").getByRole("article");
}

/** The message with this text. */
export function saying(page: Page, text: string | RegExp) {
  return messages(page).filter({ has: page.getByText(text, { exact: true }) });
}

/** Writes to the workspace that is selected. */
export async function write(page: Page, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

/** The button of a workspace, with all that it tells. */
export function workspace(page: Page, name: string) {
  const begin = new RegExp(`^${RegExp.escape(name)} `);
  return page.getByRole("navigation").getByRole("button", { name: begin });
}

/** Looks at another workspace. */
export function select(page: Page, name: string): Promise<void> {
  return workspace(page, name).click();
}

export function openTab(page: Page, name: "Conversation" | "Peers" | "Activity"): Promise<void> {
  return page.getByRole("tab", { name }).click();
}
