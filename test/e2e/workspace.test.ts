/** The life of a workspace, as a person leads it with the program. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BINARY } from "../../scripts/set-up.ts";
import { Run, runToEnd } from "../harness/binary.ts";
import { connect, Dev, stateDir } from "../harness/connect.ts";
import { bareEnv, onPosix } from "../harness/platform.ts";
import { TerminalRun } from "../harness/terminal.ts";
import { tmpFolder } from "../harness/tmp.ts";

setDefaultTimeout(60_000);

const onTerminals = onPosix("there is no pseudo-terminal");
const withSignals = onPosix("no signal can be handled");

/** What an administrator on this machine has set. */
const adminEnv = (dev: Dev) => ({
  MOLECULE_API_URL: dev.url,
  MOLECULE_API_TOKEN_FILE: dev.adminTokenFile,
});

const molecule = (dev: Dev, ...args: string[]) =>
  runToEnd(args, { home: dev.home, env: adminEnv(dev) });

/** A workspace of its own, made by the program. */
async function made(dev: Dev, ...flags: string[]): Promise<{ id: string; token_file: string }> {
  const run = await molecule(dev, "workspace", "create", "reader", "-o", "json", ...flags);
  if (run.code !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout);
}

test("a workspace that was made connects without a word about its token, and ends when it is deleted", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const { id, token_file } = await made(dev);
  expect(token_file).toBe(join(stateDir(home.path), `${id}.token`));
  // Empty, it counts as not set.
  const env = { MOLECULE_WORKSPACE_TOKEN: "" };
  await using bridge = connect(dev.url, home.path, { id, env });
  await bridge.untilEvent("connected");
  const asked = await molecule(dev, "agent", "send", "reader", "hello");
  expect(asked.stdout).toContain("hello");
  const deleted = await molecule(dev, "workspace", "delete", "reader", "--yes");
  expect(deleted).toMatchObject({ code: 0, stdout: `deleted reader (${id})\n` });
  await bridge.endsWith(5);
  expect(() => readFileSync(token_file)).toThrow();
});

test("a bridge goes on with the rotated token that was written to its file", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const file = join(home.path, "reader.token");
  const { id } = await made(dev, "--save-to", file);
  const env = { MOLECULE_WORKSPACE_TOKEN: "" };
  const flags = { "token-file": file };
  await using bridge = connect(dev.url, home.path, { id, env, flags });
  await bridge.untilEvent("connected");
  const before = readFileSync(file, "utf8");
  const rotated = await molecule(
    dev,
    ...["workspace", "rotate-token", id, "--save-to", file, "--yes"],
  );
  expect(rotated.code).toBe(0);
  expect(readFileSync(file, "utf8")).not.toBe(before);
  const asked = await molecule(dev, "agent", "send", id, "still there?");
  expect(asked.stdout).toContain("still there?");
  await bridge.stop();
});

describe("what can't be undone", () => {
  test("needs --yes where nobody can be asked, and does nothing without", async () => {
    using home = tmpFolder();
    await using dev = await Dev.start(home.path);
    const { id, token_file } = await made(dev);
    const token = readFileSync(token_file, "utf8");
    for (const verb of ["delete", "rotate-token"]) {
      const run = await molecule(dev, "workspace", verb, id);
      expect(run).toMatchObject({ code: 2, stdout: "" });
      expect(run.stderr).toContain("--yes");
    }
    expect(readFileSync(token_file, "utf8")).toBe(token);
    const shown = await molecule(dev, "workspace", "inspect", id, "-o", "json");
    expect(JSON.parse(shown.stdout)).toMatchObject({ status: "awaiting_agent" });
  });

  onTerminals.test("is asked about on a terminal, where what would go is shown", async () => {
    using home = tmpFolder();
    await using dev = await Dev.start(home.path);
    const { id } = await made(dev);
    const env = { ...bareEnv(home.path), ...adminEnv(dev) };
    const argv = [BINARY, "workspace", "delete", "reader"];
    await using kept = new TerminalRun(argv, { env, cwd: home.path, columns: 120 });
    await kept.untilShows("Delete reader for good? [y/N]");
    expect(kept.rows.join("\n")).toContain(`reader (${id}), awaiting_agent`);
    kept.type("n\r");
    expect(await kept.ended()).toBe(1);
    await using gone = new TerminalRun(argv, { env, cwd: home.path, columns: 120 });
    await gone.untilShows("[y/N]");
    gone.type("y\r");
    expect(await gone.ended()).toBe(0);
    const shown = await molecule(dev, "workspace", "inspect", id);
    expect(shown.code).toBe(5);
  });
});

describe("workspace logs --follow", () => {
  withSignals.test("prints a line of JSON for each row, until Ctrl-C", async () => {
    using home = tmpFolder();
    await using dev = await Dev.start(home.path);
    const { id } = await made(dev);
    await molecule(dev, "agent", "send", id, "early", "--no-wait");
    const args = ["workspace", "logs", "reader", "--follow", "-o", "json"];
    await using run = new Run(args, { home: home.path, env: adminEnv(dev) });
    const rows = () => run.stdout.split("\n").slice(0, -1);
    await run.until(() => rows().length === 1, "the row that was there");
    await molecule(dev, "agent", "send", id, "late", "--no-wait");
    await run.until(() => rows().length === 2, "the new row");
    const texts = rows().map((row) => JSON.parse(row).request_body.params.message.parts[0].text);
    expect(texts).toEqual(["early", "late"]);
    run.signal("SIGINT");
    await run.endsWith(0);
    expect(run.stderr).toBe("");
  });

  withSignals.test("ends quietly when nobody reads it any more", async () => {
    using home = tmpFolder();
    await using dev = await Dev.start(home.path);
    const { id } = await made(dev);
    const by = ["sh", "-c", '"$0" "$@" | head -n 1; echo "$?"'];
    const args = ["workspace", "logs", id, "--follow"];
    await molecule(dev, "agent", "send", id, "one", "--no-wait");
    await using run = new Run(args, { home: home.path, env: adminEnv(dev), by });
    // Else both might come in one write, after which there is nothing to notice by.
    await run.until(() => run.stdout.includes("one\n"), "the first row");
    await molecule(dev, "agent", "send", id, "two", "--no-wait");
    await run.endsWith(0);
    expect(run.stderr).toBe("");
    expect(run.stdout.split("\n")[0]).toEndWith("one");
  });
});

test("a refusal with -o json is one line of JSON on standard error", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const run = await runToEnd(["workspace", "list", "-o", "json"], {
    home: home.path,
    env: { MOLECULE_API_URL: dev.url, MOLECULE_API_TOKEN: "not-the-admin-token" },
  });
  expect(run).toMatchObject({ code: 3, stdout: "" });
  expect(JSON.parse(run.stderr)).toMatchObject({ error: { exit_code: 3 } });
  expect(run.stderr).not.toContain("not-the-admin-token");
});

test("a platform that is not there ends it with 4", async () => {
  using home = tmpFolder();
  const run = await runToEnd(["workspace", "list"], {
    home: home.path,
    env: { MOLECULE_API_URL: "http://127.0.0.1:9", MOLECULE_API_TOKEN: "some-token" },
  });
  expect(run.code).toBe(4);
  expect(run.stderr).toContain("molecule dev");
});
