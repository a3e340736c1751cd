/** Who has not the link gets nothing: other web pages, names that are pointed here, wrong tokens. */
import { afterAll, beforeAll, expect, setDefaultTimeout } from "bun:test";
import type { RequestLine } from "../../src/dev/handle.ts";
import { Chromium, inChromium } from "../harness/chromium.ts";
import { PAGE_TOKEN, PageStage, saying, write } from "../harness/page-stage.ts";
import { AWAY } from "../harness/visit.ts";

const { test } = inChromium;

setDefaultTimeout(120_000);

const chromium = new Chromium();

/** A web page of somebody else, on another port of this machine and under a name of its own. */
let elsewhere: Bun.Server<undefined>;
const html = { "content-type": "text/html" };

beforeAll(() => {
  elsewhere = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () =>
      new Response(`<link rel="icon" href="data:,"><h1>elsewhere</h1>`, { headers: html }),
  });
});
afterAll(() => elsewhere.stop(true));

interface Watched {
  stage: PageStage;
  /** What the platform was asked so far, without what the page itself asks. */
  lines: RequestLine[];
}

async function watched(): Promise<Watched & AsyncDisposable> {
  const lines: RequestLine[] = [];
  const platform = { onRequest: (line: RequestLine) => void lines.push(line) };
  const stage = await PageStage.start({ platform });
  await stage.say(stage.agent, "a secret");
  lines.length = 0;
  return { stage, lines, [Symbol.asyncDispose]: () => stage[Symbol.asyncDispose]() };
}

const origins = [
  ["another port", () => elsewhere.url.href],
  ["another name", () => `http://evil.test:${elsewhere.port}/`],
] as const;

test.each(origins)("a page at %s can read no answer, whatever it asks", async (_, origin) => {
  await using at = await watched();
  const { stage } = at;
  await chromium.visit(async (visit) => {
    // It breaks one rule after the other.
    visit.forgive(/./);
    await visit.go(origin());
    const paths = ["", "page/main.js", `page/api/workspaces/${stage.agent.id}/rows?view=activity`];
    for (const path of [...paths, "page/api/stream", "workspaces"]) {
      for (const init of [
        {},
        { mode: "no-cors" },
        { mode: "no-cors", method: "POST", body: "{}" },
        { credentials: "include" },
        { headers: { authorization: `Bearer ${PAGE_TOKEN}` } },
      ]) {
        const read = `fetch(${JSON.stringify(`${stage.url}/${path}`)}, ${JSON.stringify(init)}).then(
          async (answer) => answer.type + " " + (await answer.text()), () => "refused")`;
        const got = await visit.page.evaluate(read);
        expect(["refused", "opaque "]).toContain(got as string);
      }
    }
    // Nothing of it was an answer that only the browser has kept back.
    const answered = at.lines.filter(({ status, path }) => status < 400 && path !== "/");
    expect(answered).toEqual([]);
  });
});

test.each(origins)("a page at %s can embed nothing of it", async (_, origin) => {
  await using at = await watched();
  const { stage } = at;
  await chromium.visit(async (visit) => {
    visit.forgive(/./);
    const { page } = visit;
    await visit.go(origin());
    await page.evaluate(`for (const path of ["/", "/page/icon.svg", "/page/main.js"]) {
      const frame = document.createElement("iframe");
      frame.src = ${JSON.stringify(stage.url)} + path;
      document.body.append(frame);
    }`);
    await visit.until(() => page.frames().length === 4, "the frames");
    for (const frame of page.frames().slice(1)) {
      await frame.waitForLoadState();
      await visit.until(() => frame.url().startsWith("chrome-error:"), "the refusal to be framed");
    }
    const load = (tag: string, path: string) =>
      page.evaluate(`new Promise((resolve) => {
        const part = document.createElement(${JSON.stringify(tag)});
        part.onload = () => resolve("loaded");
        part.onerror = () => resolve("refused");
        part.src = ${JSON.stringify(stage.url + path)};
        document.body.append(part);
      })`);
    expect(await load("img", "/page/icon.svg")).toBe("refused");
    expect(await load("script", "/page/main.js")).toBe("refused");
  });
});

test.each(origins)("a page at %s can open it, and then knows nothing of it", async (_, origin) => {
  await using at = await watched();
  const { stage } = at;
  await chromium.visit(async (visit) => {
    const { page, context } = visit;
    await visit.go(origin());
    const [opened] = await Promise.all([
      context.waitForEvent("page"),
      page.evaluate(`globalThis.other = open(${JSON.stringify(`${stage.url}/`)}); 0`),
    ]);
    await opened.getByText("needs its token").waitFor();
    expect(await opened.evaluate("opener === null")).toBe(true);
    expect(await page.evaluate("other.closed")).toBe(true);
    visit.forgive(/elsewhere/);
  });
});

test.each(origins)("a form of a page at %s is refused, and sends nothing", async (_, origin) => {
  await using at = await watched();
  const { stage } = at;
  await chromium.visit(async (visit) => {
    visit.forgive(/./);
    const { page } = visit;
    for (const enctype of ["text/plain", "application/x-www-form-urlencoded"]) {
      await visit.go(origin());
      const path = `/page/api/workspaces/${stage.agent.id}/messages`;
      await page.evaluate(`{
        const form = document.createElement("form");
        form.method = "post";
        form.enctype = ${JSON.stringify(enctype)};
        form.action = ${JSON.stringify(stage.url + path)};
        const field = document.createElement("input");
        field.name = '{"messageId":"x","files":[],"text":"';
        field.value = '"}';
        form.append(field);
        document.body.append(form);
        form.submit();
      }`);
      await page.waitForURL(stage.url + path);
      expect(await page.textContent("body")).toContain("error");
    }
    const own = at.lines.filter(({ path }) => path.startsWith("/page/"));
    expect(own.map(({ status }) => status)).toEqual([403, 403]);
  });
});

test("under a name that was pointed at this machine nothing is served", async () => {
  await using at = await watched();
  const { port } = at.stage.platform;
  await chromium.visit(async (visit) => {
    visit.forgive(/ 403 /, /Cross-Origin-Opener-Policy header has been ignored/);
    const { page } = visit;
    for (const path of ["", `#token=${PAGE_TOKEN}`, "page/main.js", "page/api/stream"]) {
      const answer = await visit.go(`http://evil.test:${port}/${path}`);
      // An address that differs in its fragment alone is not asked for again.
      if (answer !== null) expect(answer.status()).toBe(403);
      expect(await page.locator("h1, script").count()).toBe(0);
    }
    const read = (path: string) =>
      page.evaluate(`fetch(${JSON.stringify(path)}, {
        headers: { authorization: ${JSON.stringify(`Bearer ${PAGE_TOKEN}`)} },
      }).then(({ status }) => status)`);
    expect(await read("/page/api/stream")).toBe(403);
    expect(await read(`/page/api/workspaces/${at.stage.agent.id}/rows?view=activity`)).toBe(403);
  });
});

test("under this machine's own other name it is the same page", async () => {
  await using stage = await PageStage.start();
  await chromium.visit(async (visit) => {
    await visit.go(stage.link.replace("127.0.0.1", "localhost"));
    await write(visit.page, "by name");
    await saying(visit.page, "by name").waitFor();
  });
});

test("without a token there is a page that says where the link is, and nothing else", async () => {
  await using at = await watched();
  await chromium.visit(async (visit) => {
    const { page } = visit;
    await visit.go(`${at.stage.url}/`);
    await page.getByText("needs its token").waitFor();
    await page.getByText("molecule dev --open").waitFor();
    expect(await page.getByRole("textbox").count()).toBe(0);
    expect(at.lines.filter(({ path }) => path.startsWith("/page/api"))).toEqual([]);
  });
});

test("a wrong token is refused once, and forgotten", async () => {
  await using at = await watched();
  await chromium.visit(async (visit) => {
    visit.forgive(/^console: .* 401 /);
    const { page } = visit;
    await visit.go(`${at.stage.url}/#token=${PAGE_TOKEN.replace("0", "1")}`);
    await page.getByText("not, or no longer, that of the platform").waitFor();
    expect(page.url()).not.toContain("token");
    expect(await page.evaluate("JSON.stringify({ ...sessionStorage })")).toBe("{}");
    expect(at.lines.filter(({ status }) => status === 401)).toHaveLength(1);
    // The right link lets the same tab in.
    await visit.go(at.stage.link);
    await saying(page, "a secret").waitFor();
  });
});

test("a new token throws out who has the old one", async () => {
  await using at = await watched();
  const { stage } = at;
  await chromium.visit(async (visit) => {
    visit.forgive(/ 401 /, AWAY);
    await visit.go(stage.link);
    await saying(visit.page, "a secret").waitFor();
    await stage.stop();
    await stage.restart({ token: `${PAGE_TOKEN}-new` });
    await visit.page.getByText("not, or no longer, that of the platform").waitFor();
    expect(await visit.page.getByText("a secret").count()).toBe(0);
  });
});
