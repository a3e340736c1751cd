import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { jsonHere, runHere } from "../../harness/command.ts";
import { RawServer } from "../../harness/raw-server.ts";
import { tmpFolder } from "../../harness/tmp.ts";
import { lab, type Lab } from "../dev/lab.ts";

setDefaultTimeout(60_000);

const HEALTH = ["platform", "health"];

const envOf = (url: string, more: Record<string, string> = {}) => ({
  MOLECULE_API_URL: url,
  MOLECULE_STATE_DIR: "/nowhere",
  ...more,
});
const asAdmin = ({ platform, admin }: Lab, more: Record<string, string> = {}) =>
  envOf(platform.url, { MOLECULE_API_TOKEN: admin, ...more });

/** The status of each check by its name. */
async function statuses(env: Record<string, string>, words: string[] = []) {
  const { code, data, err } = await jsonHere([...HEALTH, ...words], env);
  const rows = data.map(({ check, status }: { check: string; status: string }) => [check, status]);
  return { code, err, data, ...Object.fromEntries(rows) };
}

describe.each(["r1", "r2"] as const)("platform health (%s)", (revision) => {
  test("is good with good tokens", async () => {
    await using at = await lab({ revision });
    const one = await at.member("one");
    const env = asAdmin(at, { MOLECULE_WORKSPACE_TOKEN: one.token });
    const found = await statuses(env, ["--workspace", one.id]);
    expect(found).toMatchObject({
      code: 0,
      err: "",
      server: "ok",
      build: "ok",
      "api and tenant": "ok",
      "api token": "ok",
      [`workspace token ${one.id.slice(0, 8)}`]: "ok",
      subsystems: "ok",
    });
    const table = await runHere([...HEALTH, "--workspace", one.id], env);
    expect(table.out).toMatch(/^CHECK +STATUS +DETAIL\nserver +ok +answers in/);
  });

  test("skips what there is no token for, and is good", async () => {
    await using at = await lab({ revision });
    expect(await statuses(envOf(at.platform.url))).toMatchObject({
      code: 0,
      server: "ok",
      "api token": "skipped",
      "workspace token": "skipped",
      subsystems: "skipped",
    });
  });

  test("tells a refused token from all else, with 3", async () => {
    await using at = await lab({ revision });
    const one = await at.member("one");
    const env = envOf(at.platform.url, {
      MOLECULE_API_TOKEN: "wrong",
      MOLECULE_WORKSPACE_TOKEN: one.token,
    });
    const found = await statuses(env, ["--workspace", one.id]);
    expect(found).toMatchObject({
      code: 3,
      "api and tenant": "ok",
      "api token": "failed",
      [`workspace token ${one.id.slice(0, 8)}`]: "ok",
      subsystems: "skipped",
    });
    const table = await runHere([...HEALTH], env);
    expect(table).toMatchObject({ code: 3 });
    expect(table.err).toContain("hint: api token: It must be a live admin or organisation token");
  });

  test("tells a missing tenant header from a refused token, with 2 and the way out", async () => {
    await using at = await lab({ revision, tenantOrg: "org-1" });
    const found = await statuses(asAdmin(at));
    expect(found).toMatchObject({
      code: 2,
      server: "ok",
      "api and tenant": "failed",
      "api token": "skipped",
    });
    const table = await runHere(HEALTH, asAdmin(at));
    expect(table.err).toContain("--org-id");
    const given = await statuses(asAdmin(at, { MOLECULE_ORG_ID: "org-1" }));
    expect(given).toMatchObject({ code: 0, "api and tenant": "ok", "api token": "ok" });
  });

  test("tells that a workspace was removed, with 5", async () => {
    await using at = await lab({ revision });
    const one = await at.member("one");
    await at.remove(one, "one");
    const env = envOf(at.platform.url, { MOLECULE_WORKSPACE_TOKEN: one.token });
    expect(await statuses(env, ["--workspace", one.id])).toMatchObject({ code: 5 });
  });

  test("tries the token that was kept of the one workspace that has connected from here", async () => {
    using folder = tmpFolder();
    await using at = await lab({ revision });
    const one = await at.member("one");
    writeFileSync(join(folder.path, `${one.id}.token`), one.token, { mode: 0o600 });
    const found = await statuses(envOf(at.platform.url, { MOLECULE_STATE_DIR: folder.path }));
    expect(found).toMatchObject({ code: 0, [`workspace token ${one.id.slice(0, 8)}`]: "ok" });
  });
});

test("a platform that is not there ends with 4, and the rest is skipped", async () => {
  const found = await statuses(envOf("http://127.0.0.1:1", { MOLECULE_API_TOKEN: "t" }));
  expect(found).toMatchObject({
    code: 4,
    server: "failed",
    build: "skipped",
    "api and tenant": "skipped",
    "api token": "skipped",
  });
});

test("a web page is no platform: 2", async () => {
  const headers = { "content-type": "text/html" };
  using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => new Response("<html></html>", { headers }),
  });
  expect(await statuses(envOf(server.url.origin))).toMatchObject({ code: 2, server: "failed" });
});

describe("what is not asked is left out for what the platform answered", () => {
  const failing = (status: number, from: (path: string) => boolean) =>
    Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => {
        const { pathname } = new URL(request.url);
        if (from(pathname)) return Response.json({ error: "no" }, { status });
        return pathname === "/workspaces" ? Response.json([]) : Response.json({ status: "ok" });
      },
    });

  test.each([
    [503, "the platform answered with 503"],
    [500, "the platform answered with 500"],
    [429, "the rate limit is used up"],
  ])("%d", async (status, words) => {
    using server = failing(status, (path) => path.startsWith("/workspaces/"));
    const found = await statuses(envOf(server.url.origin, { MOLECULE_API_TOKEN: "t-01234567" }));
    expect(found).toMatchObject({ code: 4, server: "ok", "api and tenant": "failed" });
    const details = found.data.slice(3).map(({ detail }: { detail: string }) => detail);
    expect(details).toEqual([words, words, words]);
  });

  test.each([500, 503, 403])("and each failure has a hint (%d)", async (status) => {
    using server = failing(status, () => true);
    const found = await statuses(envOf(server.url.origin));
    for (const row of found.data.filter((one: { status: string }) => one.status === "failed")) {
      expect(row.hint).not.toBeNull();
    }
  });

  test.each([
    [
      "is cut off",
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{",
    ],
    ["never comes", ""],
  ])("and so has one whose answer %s", async (_, answer) => {
    using server = new RawServer((socket) => void socket.end(answer));
    const found = await statuses(envOf(server.url));
    expect(found).toMatchObject({ code: 4, server: "failed" });
    expect(found.data[0].hint).toContain("Try again");
  });
});
