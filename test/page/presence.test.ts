/** Which workspaces there are, how they are there, and what is new in them. */
import { expect, setDefaultTimeout } from "bun:test";
import { Chromium, inChromium } from "../harness/chromium.ts";
import { PageStage, saying, select, workspace } from "../harness/page-stage.ts";

const { test } = inChromium;

setDefaultTimeout(120_000);

const chromium = new Chromium();

test("presence follows the agent", async () => {
  await using stage = await PageStage.start();
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    const button = workspace(page, "agent");
    await button.filter({ hasText: "awaits its agent" }).waitFor();
    await page.getByText("Nobody answers as").waitFor();
    await using bridge = stage.bridge();
    await button.filter({ hasText: "online" }).waitFor();
    await page.getByText("Nobody answers as").waitFor({ state: "hidden" });
    await bridge.stop();
  });
});

test("an agent that speaks elsewhere is seen where one is", async () => {
  await using stage = await PageStage.start();
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await select(page, "agent");
    await stage.say(stage.ada, "I am done");
    const button = workspace(page, "ada");
    await button.filter({ hasText: "1 new" }).waitFor();
    await visit.until(async () => (await page.title()).startsWith("(1) "), "the title");
    await select(page, "ada");
    await saying(page, "I am done").waitFor();
    await button.filter({ hasNotText: "new" }).waitFor();
  });
});

test("a workspace that is made or removed comes and goes", async () => {
  await using stage = await PageStage.start();
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    const button = workspace(page, "eve");
    await workspace(page, "ada").waitFor();
    expect(await button.count()).toBe(0);
    const headers = { authorization: `Bearer ${stage.platform.adminToken}` };
    const body = JSON.stringify({ name: "eve", external: true, delivery_mode: "poll" });
    const url = `${stage.url}/workspaces`;
    const made: any = await (await fetch(url, { method: "POST", headers, body })).json();
    await button.waitFor();
    await fetch(`${url}/${made.id}`, {
      method: "DELETE",
      headers: { ...headers, "x-confirm-name": "eve" },
    });
    await button.waitFor({ state: "hidden" });
  });
});
