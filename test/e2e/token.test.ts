/** Tokens that the program makes: where they go, and where they are never seen. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { runToEnd } from "../harness/binary.ts";
import { Dev } from "../harness/connect.ts";
import { WINDOWS } from "../harness/platform.ts";
import { tmpFolder } from "../harness/tmp.ts";

setDefaultTimeout(60_000);

const molecule = (dev: Dev, ...args: string[]) =>
  runToEnd(args, {
    home: dev.home,
    env: { MOLECULE_API_URL: dev.url, MOLECULE_API_TOKEN_FILE: dev.adminTokenFile },
  });

test("a token is made into a file, serves, is listed, and is worth nothing once revoked", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { id } = dev.agent;
  const file = join(home.path, "laptop.token");
  const created = await molecule(dev, "token", "create", id, "--save-to", file);
  expect(created.code).toBe(0);
  const token = readFileSync(file, "utf8").trim();
  if (!WINDOWS) expect(statSync(file).mode & 0o777).toBe(0o600);
  const logs = () =>
    runToEnd(["workspace", "logs", id, "--token-file", file], {
      home: home.path,
      env: { MOLECULE_API_URL: dev.url },
    });
  expect((await logs()).code).toBe(0);
  const listed = await molecule(dev, "token", "list", id, "-o", "json");
  const row = JSON.parse(listed.stdout).find(({ prefix }: { prefix: string }) =>
    token.startsWith(prefix),
  );
  const revoked = await molecule(dev, "token", "revoke", id, row.id, "--yes");
  expect(revoked.code).toBe(0);
  const refused = await logs();
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain(file);
  for (const { stdout, stderr } of [created, listed, revoked, refused]) {
    expect(stdout + stderr).not.toContain(token);
  }
});

test("--show-token prints it on standard output alone", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const words = ["token", "create", dev.agent.id, "--show-token", "-o", "json"];
  const run = await molecule(dev, ...words);
  const { auth_token } = JSON.parse(run.stdout);
  expect(auth_token).toMatch(/^[\w-]{43}$/);
  expect(run.stderr).not.toContain(auth_token);
});

test("a token is not revoked without --yes where nobody can be asked", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const [token] = JSON.parse(
    (await molecule(dev, "token", "list", dev.agent.id, "-o", "json")).stdout,
  );
  const run = await molecule(dev, "token", "revoke", dev.agent.id, token.id);
  expect(run).toMatchObject({ code: 2, stdout: "" });
  expect(run.stderr).toContain("--yes");
});
