/** What the other tests of this folder rest on: no trouble of a visit goes unseen. */
import { afterAll, beforeAll, expect, setDefaultTimeout } from "bun:test";
import { Chromium, inChromium } from "../harness/chromium.ts";

const { test } = inChromium;

setDefaultTimeout(60_000);

const chromium = new Chromium();

/** A page with this in it, under a policy that is like the real one. */
const pages: Record<string, string> = {
  "/favicon.ico": "",
  "/good": `<h1>all is well</h1>`,
  "/console": `<h1>not well</h1><script src="/console.js"></script>`,
  "/console.js": `console.error("an error"); console.warn("a warning"); console.log("a note")`,
  "/uncaught": `<script src="/uncaught.js"></script>`,
  "/uncaught.js": `setTimeout(() => { throw new Error("nobody caught it") })`,
  "/rejected": `<script src="/rejected.js"></script>`,
  "/rejected.js": `void Promise.reject(new Error("nobody awaited it"))`,
  "/dialog": `<script src="/dialog.js"></script>`,
  "/dialog.js": `alert("1")`,
  "/inline": `<script>document.title = "ran"</script>`,
  "/missing": `<link rel="stylesheet" href="/nothing.css">`,
  "/dead": `<script src="/dead.js"></script>`,
  "/dead.js": `fetch("http://127.0.0.1:1/").catch(() => {})`,
};
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src *; img-src 'self'";

let server: Bun.Server<undefined>;

beforeAll(() => {
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname } = new URL(request.url);
      const text = pages[pathname];
      if (text === undefined) return new Response(null, { status: 404 });
      const type = pathname.endsWith(".js") ? "text/javascript" : "text/html";
      return new Response(text, {
        headers: { "content-type": type, "content-security-policy": POLICY },
      });
    },
  });
});
afterAll(() => server.stop(true));

const at = (path: string) => new URL(path, server.url).href;

test("a good page is visited without trouble", async () => {
  await chromium.visit(async (visit) => {
    await visit.go(at("/good"));
    await visit.page.getByRole("heading", { name: "all is well" }).waitFor();
    expect(visit.loads).toBe(1);
    expect(visit.requests).toContain(`GET ${at("/good")}`);
  });
});

test.each([
  ["/console", /^console: an error/],
  ["/console", /^console: a warning/],
  ["/uncaught", /^uncaught: .*nobody caught it/],
  ["/rejected", /^uncaught: .*nobody awaited it/],
  ["/dialog", /^dialog: alert: 1/],
  ["/inline", /^policy: script-src-elem keeps out inline/],
  ["/missing", /^console: .*404/],
  ["/dead", /^request: http:\/\/127\.0\.0\.1:1\//],
  ["/dead", /^elsewhere: http:\/\/127\.0\.0\.1:1\//],
])("trouble at %s is told as %p", async (path, line) => {
  await chromium.visit(async (visit) => {
    visit.forgive(/./);
    await visit.go(at(path));
    await visit.troubled(line);
  });
});

test("trouble that was not expected fails the visit, and tells what the page looked like", async () => {
  const visit = chromium.visit(async (visit) => {
    await visit.go(at("/console"));
    await visit.troubled(/an error/);
    await visit.until(() => visit.troubles.length > 1, "the second trouble");
  });
  const failure: Error = await visit.catch((error) => error);
  expect(failure.message).toStartWith("the visit was not free of trouble");
  expect(failure.message).toContain("console: a warning");
  expect(failure.message).toContain(`page ${at("/console")}`);
});
