import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { BINARY } from "../../scripts/set-up.ts";
import pkg from "../../package.json" with { type: "json" };
import { runAlone, runToEnd } from "../harness/binary.ts";
import { connect, Dev, words } from "../harness/connect.ts";
import { row, ScriptedPlatform, TOKEN, WORKSPACE } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { Bell } from "../harness/wait.ts";
import { onPosix } from "../harness/platform.ts";

const withTerminal = onPosix("Bun makes no terminals on Windows").test;

const inShell = onPosix("its command is for sh").test;

setDefaultTimeout(60_000);

test.each([
  [["--help"], "answer a workspace's messages with a local backend"],
  [["help"], "answer a workspace's messages with a local backend"],
  [[], "answer a workspace's messages with a local backend"],
  [["connect", "--help"], "Run 'molecule connect --help -v' for "],
  [["connect", "--help", "-v"], "--heartbeat-ms <n>"],
  [["-v", "connect", "-h"], "exec: runs a command of yours"],
  [["help", "connect"], "MOLECULE_WORKSPACE_TOKEN"],
  [["agent"], "send     send a message to an agent"],
  [["agent", "send", "--help"], "--[no-]wait"],
  [["dev", "--help"], "--ephemeral"],
])("the help of %j is data: on standard output, with 0", async (args, told) => {
  const run = await runAlone(args);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toContain("Usage: molecule");
  expect(run.stdout).toContain(told);
});

test.each([[["--version"]], [["connect", "--version"]]])("%j is one line", async (args) => {
  const run = await runAlone(args);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toMatch(/^molecule \d+\.\d+\.\d+(?:-\S+)? \(\w+\)\n$/);
  expect(run.stdout).toStartWith(`molecule ${pkg.version} (`);
});

test.each([
  [["conect"], 'unknown command "conect"', "Did you mean 'molecule connect'?"],
  [["agent", "sedn"], 'unknown command "sedn"', "Did you mean 'molecule agent send'?"],
  [["connect", "--api-ur", "x"], "unknown flag --api-ur", "Did you mean --api-url?"],
  [["dev", "--epehemeral"], "unknown flag --epehemeral", "Did you mean --ephemeral?"],
  [["--ephemeral"], "unknown flag --ephemeral", "flag of 'molecule dev'"],
])("%j ends with 2 and names what was meant", async (args, told, hint) => {
  const run = await runAlone(args);
  expect(run).toMatchObject({ code: 2, stdout: "" });
  expect(run.stderr).toContain(`error: ${told}\n`);
  expect(run.stderr).toContain(hint);
});

test("a bridge writes its log to standard error and nothing to standard output", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  await using bridge = connect(platform.url, home.path, {
    flags: { once: true, "log-format": "text", verbose: true },
  });
  await bridge.endsWith(0);
  expect(bridge.stdout).toBe("");
  const lines = bridge.stderr.trimEnd().split("\n");
  for (const line of lines) expect(line).toMatch(/^\d\d:\d\d:\d\d  \S/);
  for (const word of ["connecting", "connected", "message", "stopped"]) {
    expect(bridge.stderr).toMatch(new RegExp(`^\\S+  ${word}\\b`, "m"));
  }
  expect(bridge.stderr).toMatch(/^\S+  message \S+ from peer \(\S+\): answered in /m);
});

inShell("every line of the JSON log is an object with a time, a level and a message", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1, { text: 'two\nlines, "quotes" and \u001b[31mred' })];
  await using bridge = connect(platform.url, home.path, {
    cmd: "cat >&2; echo fine",
    flags: { once: true, verbose: true },
  });
  await bridge.endsWith(0);
  for (const line of bridge.stderr.trimEnd().split("\n")) {
    const { time, level, msg } = JSON.parse(line);
    expect(new Date(time).toISOString()).toBe(time);
    expect(["error", "warn", "info", "debug"]).toContain(level);
    expect(msg).toBeString();
  }
  expect(bridge.of("backend-stderr")).toHaveLength(2);
});

test("a bridge that can't go on says why and what to do, in the form of its log", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.on("register", () => Response.json({ error: "no" }, { status: 401 }));
  await using text = connect(platform.url, home.path, { flags: { "log-format": "text" } });
  await text.endsWith(3);
  expect(text.stderr).toMatch(/^error: the platform refused the token.*\nhint: Get a new token/m);
  await using json = connect(platform.url, home.path);
  await json.endsWith(3);
  expect(json.of("failed")).toMatchObject([{ level: "error", exit_code: 3 }]);
  expect(text.stderr).toContain(json.failure);
  expect(
    json.stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).not.toEqual([]);
});

/** What a terminal would act on; a newline is no harm. */
const CONTROLS = /[\x00-\x09\x0b-\x1f\x7f-\x9f]/;

describe("colours", () => {
  /** A line that would be coloured: a warning, for a token on the command line. */
  const args = ["connect", WORKSPACE, "--token", TOKEN, "--backend", "mock", "--dry-run"];

  /** What is shown on a terminal of its own. */
  async function onTerminal(url: string, env: Record<string, string>): Promise<string> {
    using home = tmpFolder();
    const bell = new Bell();
    let shown = "";
    const child = Bun.spawn([BINARY, ...args, "--api-url", url], {
      env: { PATH: process.env.PATH ?? "", HOME: home.path, TERM: "xterm", ...env },
      terminal: {
        cols: 200,
        rows: 50,
        data: (_, bytes) => {
          shown += new TextDecoder().decode(bytes);
          bell.ring();
        },
      },
    });
    // Of the report, which a dry run shows last.
    await bell.until(() => shown.includes("accepted"), "the report");
    expect(await child.exited).toBe(0);
    child.terminal?.close();
    expect(shown).toContain("--token can be read by others");
    return shown;
  }

  withTerminal("are for terminals, unless NO_COLOR or a dumb one says otherwise", async () => {
    await using platform = new ScriptedPlatform();
    expect(await onTerminal(platform.url, {})).toContain("\x1b[33m");
    expect(await onTerminal(platform.url, { NO_COLOR: "1" })).not.toContain("\x1b");
    expect(await onTerminal(platform.url, { TERM: "dumb" })).not.toContain("\x1b");
  });

  test("are in no pipe", async () => {
    await using platform = new ScriptedPlatform();
    for (const env of [{}, { TERM: "xterm-256color", FORCE_COLOR: "1", COLORTERM: "truecolor" }]) {
      const run = await runAlone([...args, "--api-url", platform.url], env);
      expect(run.code).toBe(0);
      expect(run.stderr).toContain("--token can be read by others");
      expect(run.stdout + run.stderr).not.toContain("\x1b");
    }
  });

  test("of a stranger's making do not reach a terminal", async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    platform.rows = [row(1, { method: "\x1b[31mred\x1b]0;title\x07" })];
    platform.on("state", () => Response.json({ status: "\x1b[2J\x07\x9b31monline" }));
    await using bridge = connect(platform.url, home.path, {
      flags: { once: true, "log-format": "text", verbose: true },
    });
    await bridge.endsWith(0);
    expect(bridge.stderr).toContain("asks for nothing");
    expect(bridge.stderr).not.toMatch(CONTROLS);
    for (const format of ["table", "json", "yaml"]) {
      const dry = await runAlone([...args, "--api-url", platform.url, "-o", format]);
      expect(dry.stdout).toContain("online");
      expect(dry.stdout).not.toMatch(CONTROLS);
    }
  });
});

describe("agent send", () => {
  test("without a token ends with 3 and a hint", async () => {
    using home = tmpFolder();
    await using dev = await Dev.start(home.path);
    const args = ["agent", "send", dev.agent.id, "hello", "--api-url", dev.url];
    const run = await runToEnd(args, { home: home.path });
    expect(run).toMatchObject({ code: 3, stdout: "" });
    expect(run.stderr).toMatch(/^hint: .*--api-token-file/m);
    expect(await dev.feed()).toEqual([]);
  });

  test("with --no-wait prints the id under which the message went", async () => {
    using home = tmpFolder();
    await using dev = await Dev.start(home.path);
    const table = await dev.send("one", dev.ada, {});
    const [, id] = /^sent.* ([0-9a-f-]{36})\n$/.exec(table.stdout) ?? [];
    const json = await dev.send("two", undefined, { output: "json" });
    const printed = JSON.parse(json.stdout);
    expect(printed.status).toBe("queued");
    const ids = (await dev.feed()).map((row) => row.request_body.params.message.messageId);
    expect(ids).toEqual([id, printed.message_id]);
    expect(table.stderr + json.stderr).toBe("");
  });

  inShell("with --wait prints the answer to its own question, whatever else comes", async () => {
    using home = tmpFolder();
    await using dev = await Dev.start(home.path);
    await using bridge = dev.connect(home.path, { cmd: "cat; printf ', you said'" });
    await bridge.untilEvent("connected");
    const asked = await Promise.all(
      ["one", "two", "three"].map((text) =>
        dev.send(text, dev.ada, { wait: true, output: "json" }),
      ),
    );
    expect(asked.map(({ stdout }) => JSON.parse(stdout).answer)).toEqual([
      "one, you said",
      "two, you said",
      "three, you said",
    ]);
    await bridge.stop();
  });

  test("with --wait gives up after --timeout, and says that the message is with the agent", async () => {
    using home = tmpFolder();
    await using dev = await Dev.start(home.path);
    const run = await dev.send("hello", dev.ada, { wait: true, timeout: "1s" });
    expect(run).toMatchObject({ code: 1, stdout: "" });
    expect(run.stderr).toMatch(/^error: no answer within 1 s/m);
    expect(await dev.feed()).toHaveLength(1);
  });

  test("reads a message from standard input", async () => {
    using home = tmpFolder();
    await using dev = await Dev.start(home.path);
    const who = { as: dev.ada.id, "token-file": dev.ada.tokenFile, "api-url": dev.url };
    const stdin = "several\nlines & 'quotes'\n";
    const run = await runToEnd(["agent", "send", dev.agent.id, "-", "--no-wait", ...words(who)], {
      home: home.path,
      stdin,
    });
    expect(run.code).toBe(0);
    const [row] = await dev.feed();
    expect(row.request_body.params.message.parts[0].text).toBe(stdin);
  });

  test("says that nothing listens there, with 4", async () => {
    const args = ["agent", "send", WORKSPACE, "hello", "--api-url", "http://127.0.0.1:1"];
    const run = await runAlone(args);
    expect(run).toMatchObject({ code: 4, stdout: "" });
    expect(run.stderr).toContain("nothing listens at 127.0.0.1:1");
  });
});
