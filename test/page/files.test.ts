/** Files that go with a message, either way. */
import { expect, setDefaultTimeout } from "bun:test";
import { closeSync, openSync, readFileSync, truncateSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { Chromium, inChromium } from "../harness/chromium.ts";
import { type Member, messages, PageStage, saying } from "../harness/page-stage.ts";
import { tmpFolder } from "../harness/tmp.ts";

const { test } = inChromium;

setDefaultTimeout(120_000);

const chromium = new Chromium();

/** One red dot. */
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
  "base64",
);

const SVG = `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`;

/** A file as a person chooses it. */
const file = (name: string, mimeType: string, content: string | Buffer) => ({
  name,
  mimeType,
  buffer: Buffer.from(content),
});

async function choose(page: Page, files: ReturnType<typeof file>[] | string): Promise<void> {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Attach" }).click();
  await (await chooser).setFiles(files);
}

/** What the button of that name saves, and under which name. */
async function save(page: Page, name: string): Promise<{ name: string; content: Buffer }> {
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: `Save ${name}` }).click();
  const saved = await download;
  return { name: saved.suggestedFilename(), content: readFileSync(await saved.path()) };
}

/** The agent hands a file in and sends it to the canvas. */
async function giveFile(
  stage: PageStage,
  from: Member,
  { name, mimeType, buffer }: ReturnType<typeof file>,
): Promise<void> {
  const form = new FormData();
  form.append("files", new Blob([buffer], { type: mimeType }), name);
  const response = await fetch(`${stage.url}/workspaces/${from.id}/chat/uploads`, {
    method: "POST",
    headers: { authorization: `Bearer ${from.token}` },
    body: form,
  });
  const { files } = (await response.json()) as { files: object[] };
  await stage.say(from, `here is ${name}`, files);
}

test("files are sent with a message, and saved from it as they were", async () => {
  await using stage = await PageStage.start();
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await choose(page, [
      file("notes.txt", "text/plain", "one\ntwo"),
      file("dot.png", "image/png", PNG),
    ]);
    const chips = page.getByRole("list", { name: "Files to send" }).getByRole("listitem");
    await chips.filter({ hasText: "notes.txt" }).waitFor();
    await page.getByRole("textbox", { name: "Message" }).fill("two files");
    await page.getByRole("button", { name: "Send" }).click();
    await saying(page, "two files").waitFor();
    expect(await save(page, "notes.txt")).toEqual({
      name: "notes.txt",
      content: Buffer.from("one\ntwo"),
    });
    expect((await save(page, "dot.png")).content).toEqual(PNG);
    await page.getByRole("img", { name: "Picture dot.png" }).waitFor();
    const width = `[...document.querySelectorAll("img")].map((one) => one.naturalWidth).join()`;
    await visit.until(async () => (await page.evaluate(width)) === "1", "the picture");
    expect(await chips.count()).toBe(0);
    expect(await messages(page).count()).toBe(1);
    await page.reload();
    expect((await save(page, "notes.txt")).content.toString()).toBe("one\ntwo");
  });
});

test("a file alone is a message, and one that was taken off is not sent", async () => {
  await using stage = await PageStage.start();
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await choose(page, [file("stays.txt", "text/plain", "x"), file("goes.txt", "text/plain", "y")]);
    await page.getByRole("button", { name: "Remove goes.txt" }).click();
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("button", { name: "Save stays.txt" }).waitFor();
    expect(await messages(page).count()).toBe(1);
    expect(await page.getByText("goes.txt").count()).toBe(0);
  });
});

test("what an agent sends is saved and never opened, whatever it calls itself", async () => {
  await using stage = await PageStage.start();
  const page = `<script>alert(1)</script>`;
  const files = [
    file("report.html", "text/html", page),
    file("drawing.svg", "image/svg+xml", SVG),
    file("no-picture.png", "image/png", page),
    file("..\\..\\x\u202Egnp.exe", "application/x-msdownload", "MZ"),
  ];
  for (const one of files) await giveFile(stage, stage.agent, one);
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await messages(page).nth(3).waitFor();
    for (const { name, buffer } of files.slice(0, 3)) {
      expect(await save(page, name)).toEqual({ name, content: buffer });
    }
    // What only calls itself a picture is shown as none.
    await visit.until(async () => (await page.getByRole("img").count()) === 0, "no picture");
    expect(visit.loads).toBe(1);
  });
});

test("a file that is somewhere else is named, and not fetched", async () => {
  await using stage = await PageStage.start();
  const uri = "http://evil.test/picture.png";
  await stage.say(stage.agent, "look", [{ uri, name: "p.png", mimeType: "image/png", size: 9 }]);
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(stage.link);
    await page.getByText("(not on this platform)").waitFor();
    expect(await page.getByRole("img").count()).toBe(0);
    expect(visit.requests.filter((line) => line.includes("evil"))).toEqual([]);
  });
});

test("a file that is too large is refused with words", async () => {
  using folder = tmpFolder();
  const path = join(folder.path, "large.bin");
  closeSync(openSync(path, "w"));
  truncateSync(path, 101 * 1024 * 1024);
  await using stage = await PageStage.start();
  await chromium.visit(async (visit) => {
    visit.forgive(/^console: .* 413 /);
    const { page } = visit;
    await visit.go(stage.link);
    await choose(page, path);
    await page.getByRole("button", { name: "Send" }).click();
    await page
      .getByRole("alert")
      .filter({ hasText: /not sent: .*large/ })
      .waitFor();
    await page.getByText("large.bin").waitFor();
  });
});
