/** What a person does with the page: writes, reads, comes back, and is told when something is wrong. */
import { expect, setDefaultTimeout } from "bun:test";
import { join } from "node:path";
import { pageLink } from "../../src/page/link.ts";
import { backendOf } from "../harness/bridge.ts";
import { Chromium, inChromium } from "../harness/chromium.ts";
import { messages, openTab, PageStage, saying, select, write } from "../harness/page-stage.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { AWAY } from "../harness/visit.ts";

const { test } = inChromium;

setDefaultTimeout(120_000);

const chromium = new Chromium();

test("a message is sent and its answer arrives, on one and the same document", async () => {
  await using stage = await PageStage.start();
  await using bridge = stage.bridge();
  await bridge.until("connected");
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await write(page, "hello there");
    await saying(page, "hello there").waitFor();
    await saying(page, "echo: hello there").waitFor();
    await write(page, "and again");
    await saying(page, "echo: and again").waitFor();
    expect(await messages(page).count()).toBe(4);
    expect(visit.loads).toBe(1);
    // One document and its parts, one stream: nothing is asked for again and again.
    expect(visit.requests.filter((line) => line.endsWith("/page/api/stream"))).toHaveLength(1);
    expect(visit.requests.length).toBeLessThan(10);
  });
});

test("the token leaves the address, and a reload needs it no more", async () => {
  await using stage = await PageStage.start();
  await using _ = stage.bridge();
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await write(page, "to be kept");
    await saying(page, "echo: to be kept").waitFor();
    expect(page.url()).not.toContain("token");
    await page.reload();
    await saying(page, "to be kept").waitFor();
    await saying(page, "echo: to be kept").waitFor();
    expect(await messages(page).count()).toBe(2);
    expect(visit.requests.join("\n")).not.toContain("token");
  });
});

test("a ticket lets one tab in, once", async () => {
  await using stage = await PageStage.start();
  const link = pageLink(stage.url, { ticket: stage.page.ticket() });
  await chromium.visit(async (visit) => {
    await visit.go(link);
    await visit.page.getByRole("textbox", { name: "Message" }).waitFor();
    await visit.page.reload();
    await visit.page.getByRole("textbox", { name: "Message" }).waitFor();
  });
  await chromium.visit(async (visit) => {
    visit.forgive(/^console: .* 40[13] /);
    await visit.go(link);
    await visit.page.getByText("molecule dev", { exact: true }).waitFor();
    expect(await visit.page.getByRole("textbox").count()).toBe(0);
  });
});

test("the place and what is being written outlast a reload and a look elsewhere", async () => {
  await using stage = await PageStage.start();
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await select(page, "ada");
    const box = page.getByRole("textbox", { name: "Message" });
    await box.fill("half a thought");
    await select(page, "agent");
    await page.getByRole("heading", { level: 2, name: "agent" }).waitFor();
    expect(await box.inputValue()).toBe("");
    await select(page, "ada");
    await page.getByRole("heading", { level: 2, name: "ada" }).waitFor();
    expect(await box.inputValue()).toBe("half a thought");
    await page.reload();
    await page.getByRole("heading", { level: 2, name: "ada" }).waitFor();
    expect(await box.inputValue()).toBe("half a thought");
    await openTab(page, "Peers");
    await page.reload();
    await page.getByRole("tab", { name: "Peers", selected: true }).waitFor();
  });
});

test("two pages both see what either sends, and what is answered", async () => {
  await using stage = await PageStage.start();
  await using _ = stage.bridge();
  await chromium.visit(async (one) => {
    await one.go(stage.link);
    await chromium.visit(async (other) => {
      await other.go(stage.link);
      await write(one.page, "from the one");
      for (const { page } of [one, other]) {
        await saying(page, "from the one").waitFor();
        await saying(page, "echo: from the one").waitFor();
      }
      await write(other.page, "from the other");
      for (const { page } of [one, other]) {
        await saying(page, "from the other").waitFor();
        await saying(page, "echo: from the other").waitFor();
        expect(await messages(page).count()).toBe(4);
      }
    });
  });
});

test("a restart of the platform is told, and then the page goes on by itself", async () => {
  using folder = tmpFolder();
  await using stage = await PageStage.start({ platform: { db: join(folder.path, "dev.db") } });
  await chromium.visit(async (visit) => {
    visit.forgive(AWAY);
    const { page } = visit;
    await visit.go(stage.link);
    await write(page, "before");
    await saying(page, "before").waitFor();
    await stage.stop();
    const banner = page.getByRole("status").filter({ hasText: "does not answer" });
    await banner.waitFor();
    await write(page, "in between");
    await page.getByRole("alert").filter({ hasText: "not sent" }).waitFor();
    await stage.restart();
    await banner.waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Send again" }).click();
    await page.getByRole("alert").waitFor({ state: "hidden" });
    await using _ = stage.bridge();
    await saying(page, "echo: in between").waitFor();
    expect(await messages(page).count()).toBe(4);
    expect(visit.loads).toBe(1);
  });
});

test("what happened while the platform was away is there when the page is back", async () => {
  using folder = tmpFolder();
  await using stage = await PageStage.start({ platform: { db: join(folder.path, "dev.db") } });
  await chromium.visit(async (visit) => {
    visit.forgive(AWAY);
    const { page } = visit;
    await visit.go(stage.link);
    await page.getByRole("textbox", { name: "Message" }).waitFor();
    await stage.stop();
    await page.getByText("does not answer").waitFor();
    await stage.restart();
    const { port } = stage.platform;
    await stage.say(stage.agent, "said at once after the start");
    expect(stage.platform.port).toBe(port);
    await saying(page, "said at once after the start").waitFor();
  });
});

test("the lines of an agent on what it does are seen while it does it", async () => {
  await using stage = await PageStage.start();
  const finish = Promise.withResolvers<void>();
  const backend = backendOf(async ({ text }) => {
    await finish.promise;
    return { kind: "answer", text: `done: ${text}` };
  });
  await using bridge = stage.bridge({ backend });
  await bridge.until("connected");
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await write(page, "a long task");
    await bridge.until("taken");
    await stage.call(`/workspaces/${stage.agent.id}/activity`, stage.agent.token, {
      activity_type: "task_update",
      summary: "reading the third file",
    });
    await page.getByRole("log").getByText("reading the third file").waitFor();
    expect(await saying(page, /^done/).count()).toBe(0);
    finish.resolve();
    await saying(page, "done: a long task").waitFor();
  });
});

test("a long conversation is read backwards, and nothing is missing or twice", async () => {
  await using stage = await PageStage.start();
  for (let n = 1; n <= 250; n++) await stage.say(stage.agent, `line ${n}`);
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await saying(page, "line 250").waitFor();
    const earlier = page.getByRole("button", { name: "Show earlier ones" });
    await earlier.click();
    await saying(page, "line 100").waitFor();
    await earlier.click();
    await saying(page, "line 1").waitFor();
    await earlier.waitFor({ state: "hidden" });
    const texts = await messages(page).locator(".text").allTextContents();
    expect(texts).toEqual(Array.from({ length: 250 }, (_, n) => `line ${n + 1}`));
  });
});
