/** Where a message stands with the bridge of this machine, as the page tells it. */
import { expect, setDefaultTimeout } from "bun:test";
import { Chromium, inChromium } from "../harness/chromium.ts";
import { CONNECTED, FakeBridges } from "../harness/fake-bridges.ts";
import { openTab, PageStage, saying, write, workspace } from "../harness/page-stage.ts";
import type { Standing } from "../../src/page/wire.ts";

const { test } = inChromium;

setDefaultTimeout(120_000);

const chromium = new Chromium();

test("each step of a message is told as it comes", async () => {
  const bridges = new FakeBridges();
  await using stage = await PageStage.start({ bridges });
  const { id } = stage.agent;
  bridges.put(id, CONNECTED);
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await write(page, "a task");
    const message = saying(page, "a task");
    await message.getByText("sent").waitFor();
    const [row = ""] = await stage.rowsOf(stage.agent);
    const steps: [Standing, string | RegExp][] = [
      [{ state: "journal" }, "taken, waits for its turn"],
      [{ state: "running", runs: 1 }, "running"],
      [{ state: "journal", runs: 1 }, "1 try failed, is tried again"],
      [{ state: "running", runs: 2 }, "running, try 2"],
      [{ state: "outbox" }, "answered, being delivered"],
      [{ state: "settled" }, "settled"],
    ];
    for (const [standing, word] of steps) {
      bridges.stand(id, row, standing);
      await message.getByText(word, { exact: true }).waitFor();
    }
    await openTab(page, "Activity");
    await page.getByRole("log").locator("summary").filter({ hasText: "(settled)" }).waitFor();
  });
});

test("an agent is shown at work while its bridge says so, and no longer", async () => {
  const bridges = new FakeBridges();
  await using stage = await PageStage.start({ bridges });
  const { id } = stage.agent;
  bridges.put(id, CONNECTED);
  stage.platform.database.workspaces.change(id, { status: "online" });
  await stage.canvas(stage.agent, "a task");
  const [row = ""] = await stage.rowsOf(stage.agent);
  bridges.stand(id, row, { state: "running", runs: 1 });
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    const atWork = page.getByText("agent is working");
    await atWork.waitFor();
    // Its bridge is gone, and the platform does not know that yet.
    bridges.stand(id, row, { state: "journal", runs: 1 });
    await atWork.waitFor({ state: "detached" });
    await page.getByRole("heading", { level: 2, name: "agent" }).waitFor();
  });
});

test("a dead letter says why, and is tried again by a button", async () => {
  const bridges = new FakeBridges();
  await using stage = await PageStage.start({ bridges });
  const { id } = stage.agent;
  bridges.put(id, { ...CONNECTED, deadLetters: 1 });
  await stage.canvas(stage.agent, "a hard task");
  const [row = ""] = await stage.rowsOf(stage.agent);
  const reason = "<b>the agent</b> failed 5 times";
  bridges.stand(id, row, { state: "dead", reason, runs: 5 });
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    const message = saying(page, "a hard task");
    await message.getByText(`given up: ${reason}`, { exact: true }).waitFor();
    const button = workspace(page, "agent");
    await button.filter({ hasText: "1 dead letter" }).waitFor();
    await message.getByRole("button", { name: "Try again" }).click();
    await message.getByText("taken, waits for its turn").waitFor();
    expect(bridges.retried).toEqual([`${id} ${row}`]);
    expect(await message.getByRole("button").count()).toBe(0);
    bridges.put(id, CONNECTED);
    await button.filter({ hasNotText: "dead letter" }).waitFor();
  });
});

test("a dead letter that cannot be tried again says why", async () => {
  const bridges = new FakeBridges();
  await using stage = await PageStage.start({ bridges });
  bridges.put(stage.agent.id, CONNECTED);
  await stage.canvas(stage.agent, "a hard task");
  const [row = ""] = await stage.rowsOf(stage.agent);
  bridges.stand(stage.agent.id, row, { state: "dead" });
  bridges.retry = async () => false;
  await chromium.visit(async (visit) => {
    visit.forgive(/^console: .* 404 /);
    const { page } = visit;
    await visit.go(stage.link);
    const message = saying(page, "a hard task");
    const again = message.getByRole("button", { name: "Try again" });
    await again.click();
    await message.getByRole("status").filter({ hasText: /\w/ }).waitFor();
    expect(await again.isEnabled()).toBe(true);
  });
});

test("the bridge's own state and troubles are told with the workspace", async () => {
  const bridges = new FakeBridges();
  await using stage = await PageStage.start({ bridges });
  const { id } = stage.agent;
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    const header = page.getByRole("main").locator("header").first();
    await page.getByRole("heading", { level: 2, name: "agent" }).waitFor();
    expect(await header.textContent()).not.toContain("Bridge");
    bridges.put(id, {
      ...CONNECTED,
      state: "troubled",
      troubles: ["<i>no</i> model"],
      unsettled: 3,
    });
    await header.filter({ hasText: "connected, with trouble" }).waitFor();
    await header.filter({ hasText: "<i>no</i> model." }).waitFor();
    await header.filter({ hasText: "3 in the journal" }).waitFor();
    bridges.put(id, { ...CONNECTED, state: "none", pid: null });
    await header.filter({ hasText: "none runs at the moment" }).waitFor();
  });
});
