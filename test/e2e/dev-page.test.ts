/** The page of `molecule dev`: its link, who gets it, and who opens it. */
import { expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { Run } from "../harness/binary.ts";
import { Dev } from "../harness/connect.ts";
import { onLinux, onPosix, pathWith } from "../harness/platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { lookUntil } from "../harness/wait.ts";

setDefaultTimeout(60_000);

const signalled = onPosix("Windows has no signals").test;
const opened = onLinux("another system opens a page by another program").test;

const linkOf = (dev: Dev): string => JSON.parse(dev.run.stdout).page_url;
const tokenIn = (link: string) =>
  new URLSearchParams(new URL(link).hash.slice(1)).get("token") ?? "";

const state = (url: string, token: string) =>
  fetch(`${url}/page/api/stream`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(30_000),
  });

/** A program that opens pages, as far as `molecule dev` can tell. */
function opener(home: string, script: string): Record<string, string> {
  const bin = join(home, "bin");
  mkdirSync(bin);
  const path = join(bin, "xdg-open");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return { PATH: pathWith(bin) };
}

signalled("the link lets in, is the same after a restart, and is told nowhere else", async () => {
  using home = tmpFolder();
  const db = join(home.path, "platform.db");
  const links: string[] = [];
  for (const _ of [1, 2]) {
    await using dev = await Dev.start(home.path, { port: 0, db, verbose: true });
    const link = linkOf(dev);
    const token = tokenIn(link);
    expect(link).toStartWith(`${dev.url}/#token=`);
    expect(token.length).toBeGreaterThanOrEqual(43);
    const page = await fetch(dev.url);
    expect(page.headers.get("content-type")).toStartWith("text/html");
    expect((await state(dev.url, "wrong")).status).toBe(401);
    const stream = await state(dev.url, token);
    expect(stream.status).toBe(200);
    // It is the page's alone.
    const platform = await fetch(`${dev.url}/workspaces`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(platform.status).toBe(401);
    expect(readFileSync(`${db}.tokens/page.token`, "utf8").trim()).toBe(token);
    // An open stream does not hold up the end.
    await dev.run.stop();
    expect(dev.run.stdout.split(token)).toHaveLength(2);
    expect(dev.run.stderr).toContain("GET /page/api/stream 200");
    expect(dev.run.stderr).not.toContain(token);
    links.push(token);
  }
  expect(links[0]).toBe(links[1] as string);
});

test("an ephemeral one has another link each time, and keeps it in no file", async () => {
  using home = tmpFolder();
  const links: string[] = [];
  for (const _ of [1, 2]) {
    await using dev = await Dev.start(home.path);
    links.push(tokenIn(linkOf(dev)));
    expect(readdirSync(dirname(dev.adminTokenFile))).not.toContain("page.token");
  }
  expect(links[0]).not.toBe(links[1] as string);
});

opened("--open hands over a link that is good once, and not the token", async () => {
  using home = tmpFolder();
  const seen = join(home.path, "seen");
  // It goes on after its work, which is nobody's concern.
  const script = `printf '%s\\n' "$@" > "${seen}.tmp"; env >> "${seen}.tmp"
mv "${seen}.tmp" "${seen}"; while [ -e "${seen}" ]; do sleep 0.1; done`;
  const env = { ...opener(home.path, script), MOLECULE_API_TOKEN: "canary-of-a-variable" };
  await using dev = await Dev.start(home.path, { ephemeral: true, port: 0, open: true }, env);
  await lookUntil(() => existsSync(seen));
  const [link = "", ...rest] = readFileSync(seen, "utf8").split("\n");
  const token = tokenIn(linkOf(dev));
  expect(link).toStartWith(`${dev.url}/#ticket=`);
  expect([link, ...rest].join("\n")).not.toMatch(new RegExp(`canary|${token}`));
  const ticket = new URLSearchParams(new URL(link).hash.slice(1)).get("ticket");
  const enter = () =>
    fetch(`${dev.url}/page/api/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ticket }),
    });
  expect(await (await enter()).json()).toEqual({ token });
  expect((await enter()).status).toBe(401);
  await dev.run.stop();
  expect(dev.run.stderr).not.toContain("warn");
});

opened("what can't be opened is told in a line, and the platform goes on", async () => {
  using home = tmpFolder();
  const env = opener(home.path, "exit 4");
  const flags = { ephemeral: true, port: 0, open: true } as const;
  await using dev = await Dev.start(home.path, flags, env);
  await dev.run.until(() => dev.run.stderr.includes("\n"), "the warning");
  expect(dev.run.stderr).toMatch(
    /^\d\d:\d\d:\d\d  warn: the page could not be opened in a browser: .*xdg-open ended with 4; open the printed link\n$/,
  );
  expect((await fetch(dev.url)).status).toBe(200);
  await dev.run.stop();
  await using none = await Dev.start(home.path, flags, { PATH: "/nowhere" });
  await none.run.until(() => none.run.stderr.includes("\n"), "the warning");
  expect(none.run.stderr).toContain("there is no xdg-open on the PATH; open the printed link");
  await none.run.stop();
});

signalled("the page is the first thing that a person is told of", async () => {
  using home = tmpFolder();
  const setup = { home: home.path, env: { TMPDIR: home.path } };
  await using dev = new Run(["dev", "--ephemeral", "--port", "0"], setup);
  await dev.until(() => dev.stdout.includes("Ctrl-C"), "what to paste");
  const [ready = "", , , link = ""] = dev.stdout.split("\n");
  const url = /^The platform is ready at (\S+)$/.exec(ready)?.[1] ?? "";
  expect(link).toStartWith(`  ${url}/#token=`);
  expect((await state(url, tokenIn(link.trim()))).status).toBe(200);
  await dev.stop();
});
