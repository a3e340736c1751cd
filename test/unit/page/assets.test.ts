/** What the page consists of. */
import { expect, test } from "bun:test";
import { script } from "../../../src/page/bundle.ts";
import { pageLab } from "./lab.ts";

test.each<[string, string, string]>([
  ["/", "text/html; charset=utf-8", "<!doctype html>"],
  ["/page/page.css", "text/css; charset=utf-8", ""],
  ["/page/main.js", "text/javascript; charset=utf-8", ""],
  ["/page/icon.svg", "image/svg+xml", "<svg"],
])("%s is there as %s, for GET and HEAD and nothing else", async (path, type, start) => {
  await using lab = await pageLab();
  const got = await lab.at.get(path);
  expect(got.status).toBe(200);
  expect(got.headers.get("content-type")).toBe(type);
  expect(got.body).toStartWith(start);
  expect(got.body.length).toBeGreaterThan(100);
  const head = await lab.at.ask("HEAD", path);
  expect([head.status, head.body]).toEqual([200, ""]);
  expect(head.headers.get("content-type")).toBe(type);
  expect(head.headers.get("content-length")).toBe(String(Buffer.byteLength(got.body)));
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const other = await lab.at.ask(method, path);
    expect([method, other.status, other.headers.get("allow")]).toEqual([method, 405, "GET, HEAD"]);
  }
});

test.each(["/page/", "/page/other.js", "/page/constructor", "/page/browser/main.ts", "/page/api"])(
  "%s is not there",
  async (path) => {
    await using lab = await pageLab();
    const answer = await lab.at.get(path);
    expect([answer.status, answer.body]).toEqual([404, { error: "not found" }]);
  },
);

test("the document brings in nothing but the page's own files, and no script of its own", async () => {
  await using lab = await pageLab();
  const { body } = await lab.at.get("/");
  const named = [...body.matchAll(/(?:src|href)="([^"]*)"/g)].map((m) => m[1]);
  for (const path of named) {
    if (path.startsWith("#")) continue;
    expect([path, (await lab.at.get(path)).status]).toEqual([path, 200]);
  }
  expect(body).not.toMatch(/<script(?![^>]*\bsrc=)/);
  expect(body).not.toMatch(/<style|\sstyle=|\son\w+=/);
});

test("the script is the same each time that it is made, and has no path of where it was made", () => {
  const made = script();
  expect(script()).toBe(made);
  expect(made).not.toContain(process.cwd());
  expect(made).not.toContain("import.meta");
});
