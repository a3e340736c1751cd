/** What workspaces say to each other, and every row of the feed. */
import { expect, setDefaultTimeout } from "bun:test";
import { Chromium, inChromium } from "../harness/chromium.ts";
import { settled } from "../harness/lively-page.ts";
import { messages, openTab, PageStage, saying, select } from "../harness/page-stage.ts";

const { test } = inChromium;

setDefaultTimeout(120_000);

const chromium = new Chromium();

test("what peers say to each other is seen on both sides, and by neither as the canvas's", async () => {
  await using stage = await PageStage.start();
  await using bridge = stage.bridge();
  await bridge.until("connected");
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await openTab(page, "Peers");
    await page.getByText("No workspace has written to this one yet").waitFor();
    await stage.send(stage.ada, stage.agent, "are you there?");
    const asked = page.getByRole("article", { name: /^ada to agent/ });
    const answered = page.getByRole("article", { name: /^agent to ada/ });
    await asked.filter({ hasText: "are you there?" }).waitFor();
    await answered.filter({ hasText: "echo: are you there?" }).waitFor();
    await openTab(page, "Conversation");
    await asked.waitFor({ state: "detached" });
    await settled(page);
    expect(await messages(page).count()).toBe(0);
    await select(page, "ada");
    await openTab(page, "Peers");
    await asked.waitFor();
    await answered.waitFor();
    expect(await messages(page).count()).toBe(2);
    await page.reload();
    await asked.waitFor();
    await answered.waitFor();
    expect(await messages(page).count()).toBe(2);
  });
});

test("every row is in the activity, with all that the platform has of it", async () => {
  await using stage = await PageStage.start();
  await stage.send(stage.ada, stage.agent, "a message");
  await stage.say(stage.agent, "a notice");
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await openTab(page, "Activity");
    const rows = page.getByRole("log").locator("summary");
    await rows.filter({ hasText: "a2a_receive message/send" }).filter({ hasText: "ada" }).click();
    await page.getByLabel("The row").filter({ hasText: '"text": "a message"' }).waitFor();
    await rows.filter({ hasText: "a2a_receive notify" }).click();
    await page.getByLabel("The row").filter({ hasText: '"result": "a notice"' }).waitFor();
    await stage.say(stage.agent, "one more");
    await rows.filter({ hasText: "one more" }).waitFor();
    // What was unfolded stays so.
    await page.getByLabel("The row").filter({ hasText: '"result": "a notice"' }).waitFor();
    expect(await rows.count()).toBe(3);
    await saying(page, "a notice").waitFor({ state: "detached" });
  });
});
