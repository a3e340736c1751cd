/** What becomes of what was written: in order, and not lost where it can't be sent. */
import { expect, setDefaultTimeout } from "bun:test";
import type { Page } from "playwright-core";
import { Chromium, inChromium } from "../harness/chromium.ts";
import { messages, PageStage, saying, select, write } from "../harness/page-stage.ts";
import { AWAY } from "../harness/visit.ts";

const { test } = inChromium;

setDefaultTimeout(120_000);

const chromium = new Chromium();

const writing = (page: Page) => page.getByRole("textbox", { name: "Message" });

async function attach(page: Page, ...names: string[]): Promise<void> {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Attach" }).click();
  const files = names.map((name) => ({ name, mimeType: "text/plain", buffer: Buffer.from(name) }));
  await (await chooser).setFiles(files);
}

test("a message does not overtake the one whose files are still on their way", async () => {
  await using stage = await PageStage.start();
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    const held = Promise.withResolvers<void>();
    await page.route("**/files", async (route) => {
      await held.promise;
      await route.continue();
    });
    await attach(page, "large.txt");
    await write(page, "with a file");
    await write(page, "without one");
    await page.getByText("sending…").nth(1).waitFor();
    expect(visit.requests.filter((line) => line.endsWith("/messages"))).toEqual([]);
    held.resolve();
    await saying(page, "without one").getByText("sent").waitFor();
    const texts = await messages(page).locator(".text").allTextContents();
    expect(texts).toEqual(["with a file", "without one"]);
  });
});

test("what can't be sent stays, also over a reload, until it is sent again", async () => {
  await using stage = await PageStage.start();
  await chromium.visit(async (visit) => {
    visit.forgive(AWAY);
    const { page } = visit;
    await visit.go(stage.link);
    await page.route("**/messages", (route) => route.abort("connectionreset"));
    await write(page, "worth keeping");
    const message = messages(page).filter({ hasText: "worth keeping" });
    await message.getByText("not sent: The platform does not answer.").waitFor();
    await page.reload();
    await message.getByText("not sent: the page was left").waitFor();
    await page.unrouteAll();
    await page.getByRole("button", { name: "Send again" }).click();
    await message.getByText(/^sent/).waitFor();
    await page.getByText("not sent").waitFor({ state: "detached" });
    expect(await message.count()).toBe(1);
    await page.reload();
    await message.getByText(/^sent/).waitFor();
    expect(await messages(page).count()).toBe(1);
    expect(await stage.rowsOf(stage.agent)).toHaveLength(1);
  });
});

test("what could not be sent can be changed, with its files", async () => {
  await using stage = await PageStage.start();
  await chromium.visit(async (visit) => {
    visit.forgive(AWAY);
    const { page } = visit;
    await visit.go(stage.link);
    await attach(page, "a.txt");
    await page.route("**/files", (route) => route.abort("connectionreset"));
    await write(page, "a first try");
    await page.getByRole("alert").filter({ hasText: "not sent" }).waitFor();
    await writing(page).fill("begun since");
    await page.getByRole("button", { name: "Edit" }).click();
    expect(await writing(page).inputValue()).toBe("a first try\nbegun since");
    await page.getByRole("button", { name: "Remove a.txt" }).waitFor();
    await page.unrouteAll();
    await writing(page).press("Enter");
    await page.getByRole("button", { name: "Save a.txt" }).waitFor();
    expect(await messages(page).count()).toBe(1);
  });
});

test("the chosen files of each workspace wait for it, and there are no more than a message takes", async () => {
  await using stage = await PageStage.start();
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await attach(page, ...Array.from({ length: 12 }, (_, n) => `${n}.txt`));
    await page.getByText("A message may have 10 files").waitFor();
    const chips = page.getByRole("list", { name: "Files to send" }).getByRole("listitem");
    expect(await chips.count()).toBe(10);
    await select(page, "ada");
    await chips.first().waitFor({ state: "detached" });
    await select(page, "agent");
    await chips.nth(9).waitFor();
  });
});

test("an answer that comes while nobody looks is marked when somebody does", async () => {
  await using stage = await PageStage.start();
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await writing(page).waitFor();
    const hide = (hidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, "hidden", { configurable: true, get: () => ${hidden} });
        document.dispatchEvent(new Event("visibilitychange"))`);
    await hide(true);
    await stage.say(stage.ada, "are you there?");
    await visit.until(async () => /^\(1\)/.test(await page.title()), "the mark in the title");
    await hide(false);
    await page.getByRole("button", { name: /^ada 1 new/ }).click();
    await saying(page, "are you there?").waitFor();
    await visit.until(async () => /^ada/.test(await page.title()), "no mark in the title");
  });
});
