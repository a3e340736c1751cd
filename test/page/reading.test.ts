/** Reading on: what comes in while somebody reads, late, twice, or from the history. */
import { expect, setDefaultTimeout } from "bun:test";
import type { Page } from "playwright-core";
import { Chromium, inChromium } from "../harness/chromium.ts";
import { messages, openTab, PageStage, saying, write } from "../harness/page-stage.ts";

const { test } = inChromium;

setDefaultTimeout(120_000);

const chromium = new Chromium();

const scroller = (page: Page) => page.getByRole("region", { name: "Messages, scrollable" });

/** How far it is to the end, in pixels. */
const belowOf = (page: Page) =>
  scroller(page).evaluate((one: any) => one.scrollHeight - one.clientHeight - one.scrollTop);

test("who is at the end stays there; who reads further up is not moved, but told", async () => {
  await using stage = await PageStage.start();
  for (let n = 1; n <= 60; n++) await stage.say(stage.agent, `line ${n}`);
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await saying(page, "line 60").waitFor();
    expect(await belowOf(page)).toBeLessThan(5);
    await stage.say(stage.agent, "one more");
    await saying(page, "one more").waitFor();
    await visit.until(async () => (await belowOf(page)) < 5, "the end");
    const newer = page.getByRole("button", { name: "New messages" });
    expect(await newer.isVisible()).toBe(false);
    await saying(page, "line 5").scrollIntoViewIfNeeded();
    const before = await saying(page, "line 5").boundingBox();
    await stage.say(stage.agent, "while reading");
    await newer.waitFor();
    expect(await saying(page, "line 5").boundingBox()).toEqual(before);
    await newer.click();
    await visit.until(async () => (await belowOf(page)) < 5, "the end");
    await newer.waitFor({ state: "hidden" });
  });
});

test("older messages come in above, and what is being read stays where it is", async () => {
  await using stage = await PageStage.start();
  for (let n = 1; n <= 150; n++) await stage.say(stage.agent, `line ${n}`);
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await saying(page, "line 150").waitFor();
    const earlier = page.getByRole("button", { name: "Show earlier ones" });
    await earlier.scrollIntoViewIfNeeded();
    const before = await saying(page, "line 51").boundingBox();
    await earlier.click();
    await saying(page, "line 1").waitFor();
    const after = await saying(page, "line 51").boundingBox();
    expect(Math.abs((after?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(60);
  });
});

test("rows that the platform shows late are put where they belong", async () => {
  const platform = { lateCommits: { maxMs: 200, share: 0.5, random: Math.random } };
  await using stage = await PageStage.start({ platform });
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await page.getByRole("textbox", { name: "Message" }).waitFor();
    const numbers = Array.from({ length: 30 }, (_, n) => n);
    await Promise.all(numbers.map((n) => stage.say(stage.agent, `number ${n}`)));
    await visit.until(async () => (await messages(page).count()) === 30, "all of them");
    const shown = await page.locator("[data-row]").evaluateAll(
      // The names of a browser are not known here.
      (rows) => rows.map((row: any) => row.dataset.row),
    );
    expect(shown).toEqual(await stage.rowsOf(stage.agent));
  });
});

test("a message whose answer was lost is sent again, and is there once", async () => {
  await using stage = await PageStage.start();
  await chromium.visit(async (visit) => {
    visit.forgive(/ERR_FAILED|ERR_CONNECTION/);
    const { page } = visit;
    await visit.go(stage.link);
    await page.route(
      "**/messages",
      async (route) => {
        // The platform has it, and the page never learns that.
        const request = route.request();
        await fetch(request.url(), {
          method: "POST",
          headers: await request.allHeaders(),
          body: request.postData() ?? "",
        });
        await route.abort();
      },
      { times: 1 },
    );
    await write(page, "only once");
    await visit.troubled(/ERR_FAILED/);
    await saying(page, "only once").waitFor();
    await page.getByRole("alert").waitFor({ state: "hidden" });
    expect(await saying(page, "only once").count()).toBe(1);
    expect(await stage.rowsOf(stage.agent)).toHaveLength(1);
  });
});

test("back from another page, it goes on", async () => {
  await using stage = await PageStage.start();
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await write(page, "before I left");
    await saying(page, "before I left").waitFor();
    await visit.go("about:blank");
    await stage.say(stage.agent, "while you were away");
    await page.goBack();
    await saying(page, "while you were away").waitFor();
    await stage.say(stage.agent, "welcome back");
    await saying(page, "welcome back").waitFor();
    expect(await messages(page).count()).toBe(3);
  });
});

test("what an agent in push mode answers on the spot stands below its question", async () => {
  await using stage = await PageStage.start();
  await using pushed = pushAgent((text) => `pushed: ${text}`);
  const { database, events } = stage.platform;
  const id = crypto.randomUUID();
  database.workspaces.insert({
    id,
    name: "pusher",
    delivery_mode: "push",
    status: "online",
    url: pushed.url,
  });
  // Known to the agent, as from a heartbeat.
  const row = database.workspaces.find(id);
  if (row !== undefined) database.workspaces.inboundSecret(row);
  events.changed(id);
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await page.getByRole("button", { name: /^pusher / }).click();
    await page.getByRole("heading", { level: 2, name: "pusher" }).waitFor();
    await write(page, "quick");
    await saying(page, "pushed: quick").waitFor();
    const texts = await messages(page).locator(".text").allTextContents();
    expect(texts).toEqual(["quick", "pushed: quick"]);
  });
});

test("the command that connects an agent is copied as it stands", async () => {
  const line = `molecule connect X --token-file '/a b/c'`;
  await using stage = await PageStage.start({ connectLine: () => line });
  await chromium.visit(
    async (visit) => {
      const { page } = visit;
      await visit.go(stage.link);
      await page.getByRole("button", { name: "Copy" }).click();
      await page.getByRole("status").filter({ hasText: "copied" }).waitFor();
      await page.getByRole("textbox", { name: "Message" }).press("ControlOrMeta+v");
      expect(await page.getByRole("textbox", { name: "Message" }).inputValue()).toBe(line);
    },
    { permissions: ["clipboard-write"] },
  );
});

/** Answers each message at once, as A2A has it. */
function pushAgent(answer: (text: string) => string): { url: string } & AsyncDisposable {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const { id, params } = (await request.json()) as any;
      const parts = [{ kind: "text", text: answer(params.message.parts[0].text) }];
      const message = { kind: "message", role: "agent", messageId: crypto.randomUUID(), parts };
      return Response.json({ jsonrpc: "2.0", id, result: message });
    },
  });
  return { url: server.url.href, [Symbol.asyncDispose]: () => server.stop(true) };
}

test("a tab that is chosen before anything is there is the one that is shown", async () => {
  await using stage = await PageStage.start();
  await stage.send(stage.ada, stage.agent, "from a peer");
  await chromium.visit(async (visit) => {
    const { page } = visit;
    const held = Promise.withResolvers<void>();
    await page.route("**/stream", async (route) => {
      await held.promise;
      await route.continue();
    });
    await visit.go(stage.link);
    await openTab(page, "Peers");
    held.resolve();
    await saying(page, "from a peer").waitFor();
    await page.getByRole("tab", { name: "Peers", selected: true }).waitFor();
  });
});
