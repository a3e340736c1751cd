/** A real browser without a window, for the pages that the tool serves. */
import { afterAll } from "bun:test";
import { chromium, type Browser, type BrowserContextOptions } from "playwright-core";
import { CHROMIUM } from "../../scripts/chromium.ts";
import { bareEnv, onlyWhere } from "./platform.ts";
import { marked } from "./processes.ts";
import { tmpFolder } from "./tmp.ts";
import { Visit } from "./visit.ts";

/** What a test file takes from `bun:test`. */
export const inChromium = onlyWhere(
  CHROMIUM !== undefined,
  "there is no chromium, chromium-browser or google-chrome on the PATH",
);

/** How a visitor's browser is set up; all that a `newContext` of Playwright knows. */
export type Visitor = BrowserContextOptions;

/** Far beyond a close on any slow machine: after that its processes are killed. */
const CLOSE_LIMIT_MS = 10_000;

/** No name leads out of this machine; `evil.test` is what a page elsewhere points at it. */
const HOSTS = "MAP evil.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost";

/**
 * One browser for a test file, started by its first visit and closed after its last test. Its
 * visitors share nothing.
 */
export class Chromium {
  readonly #mark = `molecule-chromium-${crypto.randomUUID()}`;
  readonly #home = tmpFolder();
  #browser: Promise<Browser> | undefined;

  constructor() {
    afterAll(() => this.#close());
  }

  /**
   * A visit of somebody new, who has an empty page. It fails with its body, and for any trouble that
   * the body has not expected: see {@link Visit}.
   */
  async visit(body: (visit: Visit) => Promise<void>, visitor: Visitor = {}): Promise<void> {
    const browser = await (this.#browser ??= this.#launch());
    const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", ...visitor });
    try {
      const visit = await Visit.begin(context);
      await visit.judged(body);
    } finally {
      await context.close();
    }
  }

  #launch(): Promise<Browser> {
    if (CHROMIUM === undefined) throw new Error("there is no Chromium: take test from inChromium");
    const { path } = this.#home;
    return chromium.launch({
      executablePath: CHROMIUM,
      env: { ...bareEnv(path), TMPDIR: path, CHROMIUM_MARK: this.#mark },
      // Bun has a way of its own with signals, and the browser ends when its pipe does.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
      args: ["--no-proxy-server", `--host-resolver-rules=${HOSTS}`],
    });
  }

  async #close(): Promise<void> {
    const late = setTimeout(() => this.#kill(), CLOSE_LIMIT_MS);
    try {
      await (await this.#browser)?.close();
    } finally {
      clearTimeout(late);
      this.#home[Symbol.dispose]();
    }
  }

  #kill(): void {
    for (const pid of marked(this.#mark)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It was just ending.
      }
    }
  }
}
