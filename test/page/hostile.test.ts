/** Whatever a stranger writes is text: nothing of it runs, loads, or turns the page around. */
import { expect, setDefaultTimeout } from "bun:test";
import { statSync } from "node:fs";
import type { Page } from "playwright-core";
import { Chromium, inChromium } from "../harness/chromium.ts";
import { messages, openTab, PageStage, saying, select, write } from "../harness/page-stage.ts";
import type { Visit } from "../harness/visit.ts";

const { test } = inChromium;

setDefaultTimeout(120_000);

const chromium = new Chromium();

const MARKUP = [
  `<script>alert(1)</script>`,
  `<img src=x onerror=alert(1)>`,
  `<svg onload=alert(1)><a href="javascript:alert(1)">go</a></svg>`,
  `"><iframe srcdoc="<script>parent.alert(1)</script>"></iframe>`,
  `<a href="javascript:alert(1)">click</a> javascript:alert(1) [x](javascript:alert(1))`,
  `</title></textarea></style></script><script>alert(1)</script>`,
  `<style>*{background:url(//evil.test/a)}</style><link rel=stylesheet href=//evil.test/b>`,
  `<meta http-equiv=refresh content="0;url=http://evil.test/">`,
  `<form action=http://evil.test/><button autofocus onfocus=alert(1)>`,
  `&lt;b&gt; &amp; &#60;script&#62; {{7*7}} \${7*7} %3Cscript%3E`,
];

/** Turn, hide, break, or join what stands beside them. */
const ODD = [
  "\u202Eevil\u202C \u2066left\u2069 \u200F\u061C rtl",
  "zero\u0000 esc\u001B[31m bell\u0007 back\u0008 feed\u000C sep\u2028\u2029",
  "lone \uD800 surrogate \uDC00 and \uFFFE\uFFFF",
  "Z\u0351\u036B\u0343\u036A\u0302\u0368".repeat(40),
  "\u{1F469}\u200D\u{1F469}\u200D\u{1F467} \u05D0\u05D1 \u0627\u0644",
  "W".repeat(3_000),
];

/** Elements that only a message could have brought in. */
const FOREIGN =
  "#app :is(script, iframe, object, embed, style, link, meta, base, a:not(.skip), form:not(.composer), svg, [onerror], [onload], [onfocus])";

/** Nothing but the page's own requests, and its own elements. */
async function isUntouched(visit: Visit, page: Page = visit.page): Promise<void> {
  expect(await page.locator(FOREIGN).count()).toBe(0);
  const { origin } = new URL(page.url());
  const own = new RegExp(`^(GET|POST) ${origin}/(page/[^?]*(\\?view=[^&]*)?)?$`);
  expect(visit.requests.filter((line) => !own.test(line))).toEqual([]);
  expect(visit.loads).toBe(1);
}

test("markup in messages, to and from the agent, is shown as it was written", async () => {
  await using stage = await PageStage.start();
  for (const text of MARKUP) await stage.say(stage.agent, text);
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    for (const text of MARKUP) await saying(page, text).waitFor();
    for (const text of MARKUP) await stage.say(stage.agent, `live ${text}`);
    for (const text of MARKUP) await saying(page, `live ${text}`).waitFor();
    for (const text of MARKUP) await write(page, `own ${text}`);
    for (const text of MARKUP) await saying(page, `own ${text}`).waitFor();
    await isUntouched(visit);
  });
});

test("markup between peers, in files' names, in rows and in troubles is text as well", async () => {
  await using stage = await PageStage.start();
  const [script = "", image = ""] = MARKUP;
  for (const name of MARKUP) {
    const file = { uri: "https://evil.test/x", name, mimeType: "image/png", size: 3 };
    await stage.sendParts(stage.ada, stage.agent, [
      { kind: "text", text: `peer ${name}` },
      { kind: "file", file },
    ]);
    await stage.say(stage.agent, `with a file ${name}`, [file]);
    await stage.call(`/workspaces/${stage.agent.id}/activity`, stage.agent.token, {
      activity_type: "task_update",
      summary: name,
      method: name,
      request_body: { [name]: name },
    });
  }
  await stage.call("/registry/heartbeat", stage.agent.token, {
    workspace_id: stage.agent.id,
    current_task: script,
    error_rate: 1,
    sample_error: image,
    active_tasks: 1,
  });
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    for (const text of MARKUP) await saying(page, `with a file ${text}`).waitFor();
    await openTab(page, "Peers");
    for (const text of MARKUP) await saying(page, `peer ${text}`).waitFor();
    await openTab(page, "Activity");
    const rows = page.getByRole("log").locator("summary");
    await rows.first().waitFor();
    for (const row of await rows.all()) await row.click();
    const whole = page.getByLabel("The row").filter({ hasNotText: /^…$/ });
    await visit.until(async () => (await whole.count()) === (await rows.count()), "all rows");
    await isUntouched(visit);
  });
});

test("a workspace may be called anything, and its name changes nothing but itself", async () => {
  await using stage = await PageStage.start();
  const { database, events } = stage.platform;
  const names = [...MARKUP, ...ODD].map((text) => text.slice(0, 255));
  for (const name of names) {
    const id = crypto.randomUUID();
    database.workspaces.insert({ id, name, delivery_mode: "poll", status: "online" });
    events.changed(id);
  }
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    const buttons = page.getByRole("navigation").getByRole("button");
    await visit.until(async () => (await buttons.count()) === names.length + 2, "all workspaces");
    for (let n = 0; n < (await buttons.count()); n++) {
      await buttons.nth(n).click();
      await page.getByRole("heading", { level: 2 }).waitFor();
    }
    await isUntouched(visit);
    await select(page, "ada");
    await page.getByRole("heading", { level: 2, name: "ada", exact: true }).waitFor();
  });
});

test("odd characters stay in their own message", async () => {
  await using stage = await PageStage.start();
  for (const text of ODD) await stage.say(stage.agent, text);
  await stage.say(stage.agent, "after all of them");
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await saying(page, "after all of them").waitFor();
    expect(await messages(page).count()).toBe(ODD.length + 1);
    const texts = await messages(page).locator(".text").allTextContents();
    // What is no character has become the sign for that.
    expect(texts.slice(0, -1)).toEqual(ODD.map((text) => text.toWellFormed()));
    const width = "document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth";
    expect(await page.evaluate(width)).toBe(0);
    await isUntouched(visit);
  });
});

test.each([
  ["is left open", "\u202Elive\u2067"],
  ["closes what it has not opened", "\u2069\u202Elive"],
  ["does both", "\u2069\u2069\u202Elive\u2067\u2068"],
])("a name whose direction %s turns nothing beside it", async (_, name) => {
  await using stage = await PageStage.start();
  await stage.send(stage.member(name), stage.agent, "\u202Eegassem");
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await openTab(page, "Peers");
    const heading = messages(page).locator("header");
    const parts = [heading.locator("strong").nth(0), heading.locator("strong").nth(1)];
    const lefts = [...parts, heading.locator("time")].map(async (part) => {
      const box = await part.boundingBox();
      return box?.x ?? NaN;
    });
    const [from = NaN, to = NaN, time = NaN] = await Promise.all(lefts);
    expect(from).toBeLessThan(to);
    expect(to).toBeLessThan(time);
    await isUntouched(visit);
  });
});

test("a text of 100 kB is shown in part, whole when it is asked for, and the page stays quick", async () => {
  await using stage = await PageStage.start();
  const text = `begin ${"<b>€</b> ".repeat(10_000)}end`;
  await stage.say(stage.agent, text);
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    const message = messages(page).filter({ hasText: /^.*begin/s });
    await message.waitFor();
    expect((await message.locator(".text").textContent())?.length).toBeLessThan(text.length);
    await page.getByRole("button", { name: "Show all of it" }).click();
    await visit.until(
      async () => (await message.locator(".text").textContent()) === text,
      "the whole text",
    );
    await write(page, "still there");
    await saying(page, "still there").waitFor();
    await isUntouched(visit);
  });
});

test("a text of a megabyte is shown in part, and whole only in a file", async () => {
  await using stage = await PageStage.start();
  await stage.say(stage.agent, "W".repeat(1_000_000));
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await page.getByRole("button", { name: "Show all of it" }).click();
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save all of it" }).click();
    expect(statSync(await (await download).path()).size).toBe(1_000_000);
    expect((await messages(page).locator(".text").textContent())?.length).toBe(200_001);
  });
});

test("JSON that is nested deeply takes neither the platform nor the page down", async () => {
  await using stage = await PageStage.start();
  for (const depth of [500, 5_000]) {
    const deep = `${"[".repeat(depth)}"x"${"]".repeat(depth)}`;
    const parts = `[{"kind":"text","text":"beside ${depth}"},{"kind":"data","data":${deep}}]`;
    const message = `{"role":"user","messageId":"m-${depth}","parts":${parts}}`;
    await stage.call(
      `/workspaces/${stage.agent.id}/a2a`,
      stage.ada.token,
      `{"jsonrpc":"2.0","id":"1","method":"message/send","params":{"message":${message}}}`,
    );
  }
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await openTab(page, "Peers");
    await saying(page, "beside 500").waitFor();
    // Too deep to be read by the platform: the browser does it, once somebody asks.
    await page.getByRole("button", { name: "Show all of it" }).last().click();
    await messages(page).filter({ hasText: "beside 5000" }).waitFor();
    await openTab(page, "Activity");
    await page.getByRole("log").locator("summary").last().click();
    await page.getByLabel("The row").filter({ hasText: "beside 5000" }).waitFor();
    await isUntouched(visit);
  });
});
