/** What stays as it is while things happen around it: for who reads, writes, or listens. */
import { expect, setDefaultTimeout } from "bun:test";
import type { Page } from "playwright-core";
import { CONNECTED, FakeBridges } from "../harness/fake-bridges.ts";
import { Chromium, inChromium } from "../harness/chromium.ts";
import { type Member, messages, PageStage, saying } from "../harness/page-stage.ts";

const { test } = inChromium;

setDefaultTimeout(120_000);

const chromium = new Chromium();

async function sayMany(stage: PageStage, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await stage.say(stage.agent, `line ${n}`);
}

/** The agent is online, or away: told to the page at once. */
function turn(stage: PageStage, { id }: Member, status: "online" | "awaiting_agent"): void {
  stage.platform.database.workspaces.change(id, { status });
  stage.platform.events.changed(id);
}

/** Counts the elements that are put into the log from now on, moved ones included. */
async function countAdditions(page: Page): Promise<() => Promise<unknown>> {
  await page.evaluate(`
    window.added = 0;
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes) window.added += addedNodes.length;
    }).observe(document.querySelector("[role=log] > ol"), { childList: true });`);
  return () => page.evaluate("window.added");
}

const live = (page: Page) => page.getByRole("log").getAttribute("aria-live");

test("a new message moves no other one, and is the only one that is read out", async () => {
  await using stage = await PageStage.start();
  await sayMany(stage, 1, 120);
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await saying(page, "line 120").waitFor();
    expect(await live(page)).toBe("off");
    const added = await countAdditions(page);
    await stage.say(stage.agent, "line 121");
    await saying(page, "line 121").waitFor();
    expect(await live(page)).toBe("polite");
    // The message, and the day, which stands above the first of those that are shown.
    expect(Number(await added())).toBeLessThanOrEqual(2);
    expect(await messages(page).count()).toBe(100);
  });
});

test("who reads further up keeps what he reads, however much comes in", async () => {
  await using stage = await PageStage.start();
  await sayMany(stage, 1, 130);
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await saying(page, "line 130").waitFor();
    const read = saying(page, "line 40");
    await read.scrollIntoViewIfNeeded();
    const before = await read.boundingBox();
    await sayMany(stage, 131, 140);
    await page.getByRole("button", { name: "New messages" }).waitFor();
    await saying(page, "line 140").waitFor({ state: "attached" });
    const after = await read.boundingBox();
    expect(Math.abs((after?.y ?? NaN) - (before?.y ?? NaN))).toBeLessThan(2);
  });
});

test("what was unfolded and what has the focus stay so when the agent comes and goes", async () => {
  const bridges = new FakeBridges();
  await using stage = await PageStage.start({ bridges });
  const { agent } = stage;
  bridges.put(agent.id, CONNECTED);
  await stage.say(agent, "x".repeat(80_000));
  await stage.canvas(agent, "a hard task");
  const [, asked = ""] = await stage.rowsOf(agent);
  bridges.stand(agent.id, asked, { state: "dead", reason: "no" });
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await page.getByRole("button", { name: "Show all of it" }).press("Enter");
    const text = messages(page).first().locator(".text");
    await visit.until(async () => (await text.textContent())?.length === 80_000, "all of it");
    expect(await page.evaluate("document.activeElement.textContent.length")).toBe(80_000);
    const again = page.getByRole("button", { name: "Try again" });
    await again.focus();
    turn(stage, agent, "online");
    await page.getByRole("button", { name: /^agent .*online/ }).waitFor();
    turn(stage, agent, "awaiting_agent");
    await page.getByRole("button", { name: /^agent .*awaits/ }).waitFor();
    expect((await text.textContent())?.length).toBe(80_000);
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Try again");
    // The button goes, and the keyboard stays where it was.
    await again.press("Enter");
    await again.waitFor({ state: "detached" });
    expect(await page.evaluate("document.activeElement.closest('[data-row]') !== null")).toBe(true);
  });
});

test("a file that falls beside the composer is attached, and opened by nobody", async () => {
  await using stage = await PageStage.start();
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await page.getByRole("textbox", { name: "Message" }).waitFor();
    const data = await page.evaluateHandle(`(() => {
      const data = new DataTransfer();
      data.items.add(new File(["text"], "dropped.txt", { type: "text/plain" }));
      return data;
    })()`);
    await page.getByRole("log").dispatchEvent("drop", { dataTransfer: data });
    await page.getByRole("button", { name: "Remove dropped.txt" }).waitFor();
    expect(visit.loads).toBe(1);
  });
});

test("pictures that are none, too large or too many hold nothing up", async () => {
  await using stage = await PageStage.start();
  const { agent } = stage;
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    const form = new FormData();
    form.append("files", new Blob([new Uint8Array(6 * 1024 * 1024)]), "large.png");
    const headers = { authorization: `Bearer ${agent.token}` };
    const path = `${stage.url}/workspaces/${agent.id}/chat/uploads`;
    const response = await fetch(path, { method: "POST", headers, body: form });
    const { files } = (await response.json()) as { files: [{ uri: string }] };
    const lie = { uri: files[0].uri, name: "small.png", mimeType: "image/png", size: 10 };
    await stage.say(agent, "look at these", Array(50).fill(lie));
    await page.getByText("look at these").waitFor();
    await page.getByRole("button", { name: "Save small.png" }).nth(49).waitFor();
    await page.getByRole("textbox", { name: "Message" }).fill("and me?");
    await page.getByRole("button", { name: "Send" }).click();
    await saying(page, "and me?").getByText("sent,").waitFor();
    await visit.until(async () => (await page.getByRole("img").count()) === 0, "no picture");
    expect(visit.requests.filter((line) => line.includes("/files/")).length).toBeLessThanOrEqual(4);
  });
});
