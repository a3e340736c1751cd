/** The compiled program with everything in it: platform, page, and the bridge that answers. */
import { expect, setDefaultTimeout } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Chromium, inChromium } from "../harness/chromium.ts";
import { Dev, type Flags } from "../harness/connect.ts";
import { messages, openTab, saying, select, write, workspace } from "../harness/page-stage.ts";
import { tmpFolder } from "../harness/tmp.ts";

const { test } = inChromium;

setDefaultTimeout(120_000);

const chromium = new Chromium();

const pageOf = (dev: Dev): string => JSON.parse(dev.run.stdout.split("\n")[0] ?? "").page_url;

const connected = (cmd: string): Flags => ({
  ephemeral: true,
  port: 0,
  connect: true,
  backend: "exec",
  "backend-opt": `cmd=${cmd}`,
});

test("one command serves the page, and the agent that answers there", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path, connected("tr a-z A-Z"));
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(pageOf(dev));
    await workspace(page, "agent").waitFor();
    await page.getByText("exec backend").waitFor();
    await write(page, "hello there");
    await saying(page, "HELLO THERE").waitFor();
    await saying(page, "hello there").getByText("settled").waitFor();
    expect(visit.loads).toBe(1);
    await openTab(page, "Activity");
    await page.getByRole("log").locator("summary").first().waitFor();
    expect(await page.getByRole("log").locator("summary").count()).toBeGreaterThan(1);
  });
  await dev.run.stop();
});

test("a message that was given up is tried again from the page, and answered", async () => {
  using home = tmpFolder();
  const mended = join(home.path, "mended");
  const cmd = `read -r text; if [ -e ${mended} ]; then echo "done: $text"; else exit 65; fi`;
  await using dev = await Dev.start(home.path, connected(cmd));
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(pageOf(dev));
    await write(page, "a hard task");
    const message = saying(page, "a hard task");
    await message.getByText(/^given up: /).waitFor();
    const button = workspace(page, "agent");
    await button.filter({ hasText: "1 dead letter" }).waitFor();
    writeFileSync(mended, "");
    await message.getByRole("button", { name: "Try again" }).click();
    await saying(page, "done: a hard task").waitFor();
    await message.getByText("settled").waitFor();
    await button.filter({ hasNotText: "dead letter" }).waitFor();
  });
});

test("a bridge that is started in another terminal is seen to come, to answer, and to go", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(pageOf(dev));
    await page.getByText("Nobody answers as").waitFor();
    const line = (await page.getByLabel("Command").textContent()) ?? "";
    expect(line).toStartWith(`molecule connect ${dev.agent.id} `);
    await write(page, "is anybody there?");
    await saying(page, "is anybody there?").getByText("sent, waits for an agent").waitFor();
    await using bridge = dev.connect(home.path);
    await saying(page, "echo: is anybody there?").waitFor();
    await saying(page, "is anybody there?").getByText("settled").waitFor();
    await page.getByText("mock backend").waitFor();
    await bridge.stop();
    await page.getByText("none runs at the moment").waitFor();
  });
});

test("what peers say through the program's own commands is seen as it happens", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path, connected("tr a-z A-Z"));
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(pageOf(dev));
    await openTab(page, "Peers");
    expect(await dev.send("from ada", dev.ada)).toMatchObject({ code: 0, stdout: "FROM ADA\n" });
    await page
      .getByRole("article", { name: /^ada to agent/ })
      .getByText("from ada")
      .waitFor();
    await page
      .getByRole("article", { name: /^agent to ada/ })
      .getByText("FROM ADA")
      .waitFor();
    await select(page, "ada");
    await openTab(page, "Peers");
    await visit.until(async () => (await messages(page).count()) === 2, "both on the other side");
  });
});

test("the page is as strict when it comes from the compiled program", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  await chromium.visit(async (visit) => {
    // Nothing is served there that a policy would protect.
    visit.forgive(/ 403 /, /Cross-Origin-Opener-Policy header has been ignored/);
    const { port } = new URL(dev.url);
    const answer = await visit.go(`http://evil.test:${port}/`);
    expect(answer?.status()).toBe(403);
    await visit.go(`${dev.url}/`);
    await visit.page.getByText("needs its token").waitFor();
  });
});
