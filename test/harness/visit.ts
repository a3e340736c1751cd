/** Somebody's visit to a page, and all that went wrong meanwhile. */
import type { BrowserContext, Page, Response } from "playwright-core";
import { lookUntil } from "./wait.ts";

/** What a browser itself says of a server that is gone: for {@link Visit.forgive}. */
export const AWAY = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY/;

/** How a page tells of what its Content-Security-Policy has kept it from. */
const TELL_VIOLATIONS = `addEventListener("securitypolicyviolation", (event) =>
  violated(event.effectiveDirective + " keeps out " + (event.blockedURI || event.sample)), true)`;

/** Far beyond what any slow machine needs for a step. */
const STEP_LIMIT_MS = 20_000;

/**
 * Trouble is whatever a browser would complain of: errors and warnings of the console, errors that
 * nobody caught, violations of the policy, requests that failed, dialogs, and requests to others than the
 * servers whose address was typed in.
 */
export class Visit {
  readonly context: BrowserContext;
  /** Where the visitor is; the empty page at first. */
  page!: Page;
  /** Lines that tell what was wrong, in order. */
  readonly troubles: string[] = [];
  /** Each request of the visitor's pages: method and address, without the fragment. */
  readonly requests: string[] = [];
  /** How many documents were loaded. */
  loads = 0;
  readonly #forgiven: RegExp[] = [];
  readonly #servers = new Set<string>();

  private constructor(context: BrowserContext) {
    this.context = context;
  }

  static async begin(context: BrowserContext): Promise<Visit> {
    const visit = new Visit(context);
    context.setDefaultTimeout(STEP_LIMIT_MS);
    await context.exposeBinding("violated", (_, what: string) => visit.#tell(`policy: ${what}`));
    await context.addInitScript(TELL_VIOLATIONS);
    visit.page = await visit.open();
    return visit;
  }

  /** One more page of the same visitor, watched like the first. */
  async open(url?: string): Promise<Page> {
    const page = await this.context.newPage();
    this.#watch(page);
    if (url !== undefined) await this.go(url, page);
    return page;
  }

  /** Types the address in, which makes its server one that may be asked; null where it stays put. */
  go(url: string, page = this.page): Promise<Response | null> {
    this.#servers.add(new URL(url).origin);
    return page.goto(url);
  }

  /** What matches is no trouble in this visit. */
  forgive(...patterns: RegExp[]): void {
    this.#forgiven.push(...patterns);
  }

  /** Resolves with the first trouble that matches, which is forgiven. */
  async troubled(pattern: RegExp): Promise<string> {
    this.forgive(pattern);
    const found = () => this.troubles.find((line) => pattern.test(line));
    await this.until(() => found() !== undefined, `trouble like ${pattern}`);
    return found() as string;
  }

  /** For what the page has no element to wait for. */
  until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    return lookUntil(condition, () => `gave up waiting for ${what}`, STEP_LIMIT_MS);
  }

  /** Runs the body, and judges what was seen; a failure tells what the page looked like. */
  async judged(body: (visit: Visit) => Promise<void>): Promise<void> {
    try {
      await body(this);
      const left = this.troubles.filter((line) => !this.#forgiven.some((one) => one.test(line)));
      if (left.length > 0) throw new Error(`the visit was not free of trouble`);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      // What it looked for, in Playwright's own words, is in the message already.
      delete (error as { log?: unknown }).log;
      error.message = `${Bun.stripANSI(error.message).slice(0, 2_000)}\n${await this.#told()}`;
      throw error;
    }
  }

  #watch(page: Page): void {
    page.on("console", (message) => {
      const { url, lineNumber } = message.location();
      if (["error", "warning"].includes(message.type())) {
        this.#tell(`console: ${message.text()} (${url}:${lineNumber})`);
      }
    });
    page.on("pageerror", (error) => this.#tell(`uncaught: ${error.stack ?? error.message}`));
    page.on("crash", () => this.#tell("crash of the page"));
    page.on("dialog", (dialog) => {
      this.#tell(`dialog: ${dialog.type()}: ${dialog.message()}`);
      void dialog.dismiss().catch(() => {});
    });
    page.on("request", (request) => {
      const { origin, protocol, href } = new URL(request.url());
      this.requests.push(`${request.method()} ${href.replace(/#.*/s, "")}`);
      const inward = protocol === "blob:" || protocol === "data:";
      if (!inward && !this.#servers.has(origin)) this.#tell(`elsewhere: ${href}`);
    });
    page.on("requestfailed", (request) => {
      const why = request.failure()?.errorText ?? "";
      // A page may change its mind, and does so with all that it still reads where it is left.
      if (why !== "net::ERR_ABORTED") this.#tell(`request: ${request.url()}: ${why}`);
    });
    page.on("domcontentloaded", () => void this.loads++);
  }

  #tell(trouble: string): void {
    this.troubles.push(trouble);
  }

  async #told(): Promise<string> {
    const pages = this.context.pages().map(async (page) => {
      const looks = page.locator("body").ariaSnapshot({ timeout: 2_000 });
      return `page ${page.url()}:\n${await looks.catch((error: Error) => error.message)}`;
    });
    const troubles = this.troubles.map((line) => `  ${line}`).join("\n") || "  none";
    return `troubles:\n${troubles}\n${(await Promise.all(pages)).join("\n")}`;
  }
}
