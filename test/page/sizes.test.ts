/** On small screens, and in large letters. */
import { expect, setDefaultTimeout } from "bun:test";
import type { Page } from "playwright-core";
import { Chromium, inChromium } from "../harness/chromium.ts";
import { lively, settled } from "../harness/lively-page.ts";
import { openTab, saying, select, write } from "../harness/page-stage.ts";

const { describe, test } = inChromium;

setDefaultTimeout(120_000);

const chromium = new Chromium();

/** Makes the browser's letters larger, as its user can in its settings. */
async function enlarge(page: Page, factor: number): Promise<void> {
  const size = async () =>
    parseFloat(await page.evaluate("getComputedStyle(document.body).fontSize"));
  const before = await size();
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Page.setFontSizes", { fontSizes: { standard: 16 * factor } });
  await page.reload();
  await page.getByRole("tab", { name: "Activity" }).waitFor();
  expect(await size()).toBe(before * factor);
}

/** By how much the document is wider than what is seen of it, in pixels. */
const overhang = (page: Page) =>
  page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth");

/** The controls that can't be seen and clicked in their middle, once they were scrolled to. */
const outOfReach = (page: Page) =>
  page.evaluate(`[...document.querySelectorAll("button, textarea, summary")]
    .filter((one) => one.checkVisibility())
    .filter((one) => {
      one.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
      const { left, top, width, height } = one.getBoundingClientRect();
      const found = document.elementFromPoint(left + width / 2, top + height / 2);
      return found === null || !one.contains(found);
    })
    .map((one) => one.outerHTML)`);

describe.each([
  ["on a phone of 360 pixels", { viewport: { width: 360, height: 640 } }, undefined],
  ["on a phone that lies on its side", { viewport: { width: 640, height: 360 } }, undefined],
  ["in letters twice as large", { viewport: { width: 1280, height: 800 } }, 2],
  ["in letters twice as large on a phone", { viewport: { width: 360, height: 740 } }, 2],
  // 400 % on a screen of 1280 pixels (WCAG 1.4.10).
  ["at 320 pixels", { viewport: { width: 320, height: 256 } }, undefined],
])("%s", (_, visitor, letters) => {
  test("nothing is cut off, and everything can be reached", async () => {
    await using stage = await lively();
    await stage.say(stage.agent, "W".repeat(300));
    await chromium.visit(async (visit) => {
      const { page } = visit;
      await visit.go(stage.link);
      await page.getByRole("button", { name: "Try again" }).waitFor();
      if (letters !== undefined) await enlarge(page, letters);
      for (const name of ["agent", "ada"]) {
        await select(page, name);
        await page.getByRole("heading", { level: 2, name }).waitFor();
        for (const tab of ["Peers", "Activity", "Conversation"] as const) {
          await openTab(page, tab);
          await settled(page);
          expect(await overhang(page)).toBe(0);
          expect(await outOfReach(page)).toEqual([]);
        }
      }
      await write(page, "from a small screen");
      await saying(page, "from a small screen").waitFor();
      expect(await saying(page, "from a small screen").isVisible()).toBe(true);
    }, visitor);
  });
});
