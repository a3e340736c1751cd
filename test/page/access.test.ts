/** For everyone: by keyboard, in either theme, to who hears the page, and to whom motion is too much. */
import { expect, setDefaultTimeout } from "bun:test";
import type { Page } from "playwright-core";
import { violations } from "../harness/axe.ts";
import { Chromium, inChromium } from "../harness/chromium.ts";
import { CONNECTED, FakeBridges } from "../harness/fake-bridges.ts";
import { lively, settled } from "../harness/lively-page.ts";
import { messages, openTab, PageStage, saying, select, write } from "../harness/page-stage.ts";
import { AWAY } from "../harness/visit.ts";

const { describe, test } = inChromium;

setDefaultTimeout(120_000);

const chromium = new Chromium();

const THEMES = ["light", "dark"] as const;

describe.each(THEMES)(
  "in the %s theme nothing is wrong by the rules of accessibility",
  (colorScheme) => {
    test("on each tab, with and without an agent", async () => {
      await using stage = await lively();
      await chromium.visit(
        async (visit) => {
          const { page } = visit;
          await visit.go(stage.link);
          await page.getByRole("button", { name: "Try again" }).waitFor();
          for (const name of ["agent", "ada"]) {
            await select(page, name);
            await page.getByRole("heading", { level: 2, name }).waitFor();
            for (const tab of ["Conversation", "Peers", "Activity"] as const) {
              await openTab(page, tab);
              await page.getByRole("tab", { name: tab, selected: true }).waitFor();
              await settled(page);
              expect(await violations(page)).toEqual([]);
            }
            await openTab(page, "Conversation");
          }
          await select(page, "agent");
          await openTab(page, "Activity");
          const rows = page.getByRole("log").locator("summary");
          await rows.first().click();
          await page.getByLabel("The row").filter({ hasNotText: /^…$/ }).first().waitFor();
          expect(await violations(page)).toEqual([]);
        },
        { colorScheme },
      );
    });

    test("without a token, and while the platform is away", async () => {
      await using stage = await lively();
      await chromium.visit(
        async (visit) => {
          visit.forgive(AWAY);
          const { page } = visit;
          await visit.go(`${stage.url}/`);
          await page.getByText("needs its token").waitFor();
          expect(await violations(page)).toEqual([]);
          await visit.go(stage.link);
          await page.getByRole("button", { name: "Try again" }).waitFor();
          await stage.stop();
          await page.getByText("does not answer").waitFor();
          await write(page, "not sent");
          await page.getByRole("button", { name: "Send again" }).waitFor();
          expect(await violations(page)).toEqual([]);
        },
        { colorScheme },
      );
    });
  },
);

const focused = (page: Page) => page.locator(":focus");

/** Presses the key until the element of that role and name has the focus; gives how often. */
async function tabTo(
  page: Page,
  role: "button" | "textbox" | "tab",
  name: string | RegExp,
  key = "Tab",
) {
  const target = page.getByRole(role, { name });
  for (let presses = 0; presses < 60; presses++) {
    const isThere = await target.evaluateAll(
      // The names of a browser are not known here.
      (found) => found.some((one: any) => one.ownerDocument.activeElement === one),
    );
    if (isThere) return presses;
    await page.keyboard.press(key);
  }
  throw new Error(`${key} does not lead to the ${role} "${name}"`);
}

test("from the link to a sent message and back, by the keyboard alone", async () => {
  await using stage = await lively();
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    // Who opens the link can write at once.
    await page.getByRole("textbox", { name: "Message" }).waitFor();
    expect(await tabTo(page, "textbox", "Message")).toBe(0);
    await page.keyboard.type("line one");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("line two");
    await page.keyboard.press("Enter");
    await messages(page).filter({ hasText: "line one\nline two" }).waitFor();
    expect(await page.getByRole("textbox", { name: "Message" }).inputValue()).toBe("");
    // To another workspace, and to another tab.
    await tabTo(page, "button", /^agent /, "Shift+Tab");
    await page.keyboard.press("ArrowDown");
    expect(await focused(page).textContent()).toContain("ada");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 2, name: "ada" }).waitFor();
    expect(await focused(page).textContent()).toContain("ada");
    await tabTo(page, "tab", "Conversation");
    await page.keyboard.press("ArrowRight");
    await page.getByRole("tab", { name: "Peers", selected: true }).waitFor();
    await page.keyboard.press("End");
    await page.getByRole("tab", { name: "Activity", selected: true }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("tab", { name: "Conversation", selected: true }).waitFor();
    // And on to the composer; Send is behind it.
    await tabTo(page, "textbox", "Message");
    await page.keyboard.type("to ada");
    await tabTo(page, "button", "Send");
    await page.keyboard.press("Enter");
    await saying(page, "to ada").waitFor();
  });
});

test("the way past everything leads to the composer from each tab, and changes no place", async () => {
  await using stage = await lively();
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await select(page, "ada");
    for (const tab of ["Conversation", "Peers", "Activity"] as const) {
      await openTab(page, tab);
      await page.getByRole("tab", { name: tab, selected: true }).waitFor();
      await page.getByRole("link", { name: "Write a message" }).press("Enter");
      await page.locator("textarea:focus").waitFor();
    }
    await page.reload();
    await page.getByRole("heading", { level: 2, name: "ada" }).waitFor();
  });
});

test("the focus is seen wherever it is, and news do not take it away", async () => {
  await using stage = await lively();
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await page.getByRole("button", { name: "Try again" }).waitFor();
    await page.keyboard.press("Shift+Tab");
    const seen = new Set<string>();
    for (let n = 0; n < 30; n++) {
      await page.keyboard.press("Tab");
      const at = await page.evaluate(`(() => {
        const one = document.activeElement;
        if (one === document.body) return "";
        const { outlineStyle, outlineWidth } = getComputedStyle(one);
        const { width, height } = one.getBoundingClientRect();
        const what = one.tagName + " " + (one.getAttribute("aria-label") ?? one.textContent);
        return what + "|" + (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1 && width > 8 && height > 8);
      })()`);
      if (at !== "") seen.add(String(at));
    }
    expect([...seen].filter((one) => !one.endsWith("|true"))).toEqual([]);
    expect(seen.size).toBeGreaterThan(6);
    const retry = page.getByRole("button", { name: "Try again" });
    await retry.focus();
    await stage.say(stage.agent, "some news");
    await saying(page, "some news").waitFor();
    expect(await focused(page).textContent()).toBe("Try again");
  });
});

test("who wants nothing to move sees nothing move", async () => {
  const moving = "document.getAnimations().filter((one) => one.playState === 'running').length";
  for (const reducedMotion of ["reduce", "no-preference"] as const) {
    const bridges = new FakeBridges();
    await using stage = await PageStage.start({ bridges });
    bridges.put(stage.agent.id, CONNECTED);
    await using bridge = stage.bridge();
    await bridge.until("connected");
    await bridge.stop();
    await stage.canvas(stage.agent, "a long task");
    const [row = ""] = await stage.rowsOf(stage.agent);
    bridges.stand(stage.agent.id, row, { state: "running" });
    await chromium.visit(
      async (visit) => {
        await visit.go(stage.link);
        await visit.page.locator(".working").waitFor();
        expect(await visit.page.evaluate(moving)).toBe(reducedMotion === "reduce" ? 0 : 1);
      },
      { reducedMotion },
    );
  }
});
