/** Tokens in the state folder: to which platform they are sent, and what may take their place. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inTime } from "../../../src/commands/token/places.ts";
import { runHere } from "../../harness/command.ts";
import { onPosix } from "../../harness/platform.ts";
import { operator, type Operator } from "./operator.ts";

const posix = onPosix("Windows has no pipes among its files").test;

const ELSEWHERE = "https://other.example.com";

/** Puts a token for a workspace into the state folder. */
function keep(op: Operator, id: string, token: string, origin?: string): void {
  mkdirSync(op.state, { recursive: true });
  const text = origin === undefined ? `${token}\n` : `${token}\n${origin}\n`;
  writeFileSync(join(op.state, `${id}.token`), text, { mode: 0o600 });
}

/** A platform that keeps what it was shown, and knows every workspace by the id that it is asked for. */
function stranger(answer?: (path: string, method: string) => Response | undefined) {
  const bearers: (string | null)[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      bearers.push(request.headers.get("authorization"));
      const { pathname } = new URL(request.url);
      const said = answer?.(pathname, request.method);
      if (said !== undefined) return said;
      if (pathname.endsWith("/activity")) return Response.json([]);
      return Response.json({ id: pathname.split("/")[2], name: "x", status: "online" });
    },
  });
  return { bearers, url: server.url.origin, [Symbol.dispose]: () => void server.stop(true) };
}

describe("a kept token is sent to its platform alone", () => {
  test("and that is told where another one is asked", async () => {
    await using op = await operator();
    const { id } = await op.json("workspace", "create", "reader");
    using other = stranger();
    const words = ["workspace", "logs", id, "--api-url", other.url, "--state-dir", op.state];
    const home = { HOME: op.home, USERPROFILE: op.home };
    await runHere(words, home);
    expect(other.bearers.length).toBeGreaterThan(0);
    expect(other.bearers).toEqual(other.bearers.map(() => null));
    const found = await runHere(["doctor", ...words.slice(2), "-o", "json"], home);
    expect(other.bearers).toEqual(other.bearers.map(() => null));
    const { checks } = JSON.parse(found.out);
    const { status, detail } = checks.find(({ name }: { name: string }) => name === "token");
    expect(status).toBe("warning");
    expect(detail).toContain(`is for ${op.lab.platform.url}, and is not sent to ${other.url}`);
    expect(detail).not.toContain("none was kept");
  });

  test("and used there", async () => {
    await using op = await operator();
    const { id } = await op.json("workspace", "create", "reader");
    expect(readFileSync(join(op.state, `${id}.token`), "utf8")).toEndWith(
      `\n${op.lab.platform.url}\n`,
    );
    expect((await op.runAs({}, ["workspace", "logs", id])).code).toBe(0);
  });

  test("one of an earlier version, which names none, is taken as it is", async () => {
    await using op = await operator();
    const reader = await op.lab.member("reader");
    keep(op, reader.id, reader.token);
    expect((await op.runAs({}, ["workspace", "logs", reader.id])).code).toBe(0);
  });
});

test("a kept token is sent to its platform's whole address: another path is another platform", async () => {
  await using op = await operator();
  const reader = await op.lab.member("reader");
  using other = stranger();
  keep(op, reader.id, "the-other-token", `${other.url}/ours`);
  const words = ["workspace", "logs", reader.id, "--state-dir", op.state, "--api-url"];
  const home = { HOME: op.home, USERPROFILE: op.home };
  await runHere([...words, `${other.url}/theirs`], home);
  expect(new Set(other.bearers)).toEqual(new Set([null]));
  await runHere([...words, `${other.url}/ours/`], home);
  expect(other.bearers).toContain("Bearer the-other-token");
});

describe("what stands in the place of a kept token, and is no file", () => {
  const irregular: [what: string, make: (path: string) => void][] = [
    ["a pipe", (path) => expect(Bun.spawnSync(["mkfifo", path]).success).toBe(true)],
    ["a folder", (path) => mkdirSync(path)],
    ["a device", (path) => symlinkSync("/dev/zero", path)],
  ];
  for (const [what, make] of irregular) {
    posix(`is told of before there is a token, and not waited for: ${what}`, async () => {
      await using op = await operator();
      const reader = await op.lab.member("reader");
      mkdirSync(op.state, { recursive: true });
      const path = join(op.state, `${reader.id}.token`);
      make(path);
      const why = `no token can be kept in ${path}: it is no regular file`;
      const rotated = await op.run("workspace", "rotate-token", reader.id, "--yes");
      expect(rotated).toMatchObject({ code: 1, out: "" });
      expect(rotated.err).toContain(why);
      expect(await op.takes(reader.id, reader.token)).toBe(true);
      expect((await op.runAs({}, ["workspace", "logs", reader.id])).err).toContain(why);
      expect(
        (await op.runAs({}, ["connect", reader.id, "--dry-run", "--backend", "mock"])).err,
      ).toContain(why);
      const { checks } = JSON.parse((await op.runAs({}, ["doctor", reader.id, "-o", "json"])).out);
      expect(checks.find(({ name }: { name: string }) => name === "token").detail).toContain(why);
    });

    posix(`does not keep a new token from being printed: ${what}`, async () => {
      await using op = await operator();
      const reader = await op.lab.member("reader");
      mkdirSync(op.state, { recursive: true });
      make(join(op.state, `${reader.id}.token`));
      using other = stranger((path, method) =>
        method === "POST" && path === "/workspaces"
          ? Response.json({ id: reader.id, external: true, auth_token: "token-canary-0123" })
          : undefined,
      );
      const words = ["workspace", "create", "x", "--api-url", other.url, "--state-dir", op.state];
      const env = { HOME: op.home, USERPROFILE: op.home, MOLECULE_API_TOKEN: "t-0123456" };
      const { code, out, err } = await runHere(words, env);
      expect(code).toBe(1);
      expect(out).toContain("token-canary-0123");
      expect(err).toContain("it is no regular file; the token stands above");
    });
  }

  test("a disk that does not answer is waited for no longer than told", async () => {
    const late = inTime("/far/away.token", new Promise<void>(() => {}), 20);
    await expect(late).rejects.toThrow("/far/away.token was not written within 0.02 s");
    expect(await inTime("/here.token", Promise.resolve(1), 20)).toBe(1);
  });
});

describe("what is kept gives way to nothing that was not asked for", () => {
  test.each([undefined, ELSEWHERE])("not to the answer of a create (kept for %p)", async (at) => {
    await using op = await operator();
    const reader = await op.lab.member("reader");
    keep(op, reader.id, reader.token, at);
    using other = stranger((path, method) =>
      method === "POST" && path === "/workspaces"
        ? Response.json({ id: reader.id, external: true, auth_token: "evil-token-0123" })
        : undefined,
    );
    const words = ["workspace", "create", "x", "--api-url", other.url, "--state-dir", op.state];
    const env = { HOME: op.home, USERPROFILE: op.home, MOLECULE_API_TOKEN: "t-0123456" };
    const { code, err } = await runHere(words, env);
    expect(code).toBe(1);
    expect(err).toContain("keeps a token already");
    expect(op.kept()).toEqual({ [`${reader.id}.token`]: reader.token });
  });

  test.each([
    ["workspace", "rotate-token", "--yes"],
    ["token", "create", "--save"],
  ])("not to another platform's: %s %s", async (noun, verb, flag) => {
    await using op = await operator();
    const reader = await op.lab.member("reader");
    keep(op, reader.id, "the-other-token", ELSEWHERE);
    const { code, err } = await op.run(noun, verb, reader.id, flag);
    expect(code).toBe(1);
    expect(err).toContain(`keeps a token for ${ELSEWHERE}`);
    expect(op.kept()).toEqual({ [`${reader.id}.token`]: "the-other-token" });
    // Nothing was made or ended for it.
    expect(await op.takes(reader.id, reader.token)).toBe(true);
    expect(await op.json("token", "list", reader.id)).toHaveLength(1);
  });

  test("a removed workspace takes only its own platform's token with it", async () => {
    await using op = await operator();
    const reader = await op.lab.member("reader");
    keep(op, reader.id, "the-other-token", ELSEWHERE);
    expect((await op.run("workspace", "delete", reader.id, "--yes")).code).toBe(0);
    expect(op.kept()).toEqual({ [`${reader.id}.token`]: "the-other-token" });
  });
});

describe("rotate-token --no-save leaves the state folder alone", () => {
  test.each([
    ["--show-token", (_: Operator) => [] as string[]],
    ["--save-to", (op: Operator) => [join(op.home, "new.token")]],
  ])("with %s, and says that the kept one is dead", async (flag, more) => {
    await using op = await operator();
    const { id } = await op.json("workspace", "create", "reader");
    const before = op.kept();
    const words = ["workspace", "rotate-token", id, "--yes", "--no-save", flag, ...more(op)];
    const { code, err } = await op.run(...words);
    expect(code).toBe(0);
    expect(op.kept()).toEqual(before);
    expect(err).toContain(`${id}.token holds a dead token now`);
  });
});
