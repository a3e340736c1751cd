/** `molecule dev --connect`: platform and bridge in one process. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Run, runToEnd } from "../harness/binary.ts";
import { Dev, type Flags, stateDir } from "../harness/connect.ts";
import { Gate } from "../harness/gate.ts";
import { onPosix } from "../harness/platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { lookUntil } from "../harness/wait.ts";

setDefaultTimeout(60_000);

const signalled = onPosix("Windows has no signals").test;
const inShell = onPosix("its command is for sh").test;

/** The log as events. */
const JSON_LOG = { MOL_LOG_FORMAT: "json", MOL_INTERVAL_MS: "20" };

const mock = { connect: true, backend: "mock" } as const;

const start = (home: string, flags: Flags, env: Record<string, string> = {}) =>
  Dev.start(home, { port: 0, ...flags }, { ...JSON_LOG, ...env });

test("the agent answers, the bridge is seen by status, and its log is that of connect", async () => {
  using home = tmpFolder();
  await using dev = await start(home.path, mock);
  await dev.run.untilEvent("connected");
  expect((await dev.send("hello", dev.ada)).stdout).toBe("echo: hello\n");
  expect((await dev.send("hello")).stdout).toBe("echo: hello\n");
  await dev.run.untilEvent("answered", 2);
  expect(dev.run.events[0]).toMatchObject({
    event: "connecting",
    workspace_id: dev.agent.id,
    api_url: `${dev.url}/`,
    backend: "mock",
  });
  await lookUntil(async () => {
    const words = ["status", dev.agent.id, "-o", "json"];
    const { state, pid } = JSON.parse((await runToEnd(words, { home: home.path })).stdout);
    return state === "connected" && pid === dev.run.pid;
  });
  await dev.run.stop();
  expect(existsSync(join(stateDir(home.path), `${dev.agent.id}.db`))).toBe(true);
});

test("people are told which backend answers, and no line to connect with", async () => {
  using home = tmpFolder();
  const words = ["dev", "--ephemeral", "--port", "0", "--connect", "--backend", "mock"];
  await using dev = new Run(words, { home: home.path, env: { TMPDIR: home.path } });
  await dev.until(() => dev.stderr.includes("connected, "), "the connection");
  expect(dev.stdout).toContain("The mock backend answers as its agent");
  expect(dev.stdout).not.toContain("molecule connect");
});

inShell(
  "a backend that can't work is told in the form of the log, and nothing is announced",
  async () => {
    using home = tmpFolder();
    const words = ["dev", "--ephemeral", "--port", "0", "--connect", "--backend", "exec"];
    const run = new Run([...words, "--backend-opt", "cmd=./missing.sh"], {
      home: home.path,
      env: { ...JSON_LOG, TMPDIR: home.path },
    });
    await using _ = run;
    await run.endsWith(1);
    expect(run.of("failed")).toMatchObject([{ reason: expect.stringContaining("./missing.sh") }]);
    expect(run.stderr.trim().split("\n")).toHaveLength(1);
    expect(run.stdout).toBe("");
  },
);

signalled("an ephemeral one leaves no state behind, however it is stopped", async () => {
  for (const [signals, code] of [
    [["SIGTERM"], 0],
    [["SIGINT", "SIGTERM"], 130],
  ] as const) {
    using home = tmpFolder();
    await using dev = await start(home.path, { ...mock, ephemeral: true });
    await dev.run.untilEvent("connected");
    await dev.send("hello", dev.ada);
    const [first, second] = signals;
    dev.run.signal(first);
    if (second !== undefined) dev.run.signal(second);
    const ended = await dev.run.end();
    // It may have been quicker than the second signal.
    if (second === undefined || ended.code !== 0) expect(ended.code).toBe(code);
    expect(readdirSync(home.path)).toEqual([]);
  }
});

test("--state-dir is where an ephemeral one keeps its state, too", async () => {
  using home = tmpFolder();
  const folder = join(home.path, "state");
  await using dev = await start(home.path, { ...mock, ephemeral: true, "state-dir": folder });
  await dev.run.untilEvent("connected");
  await dev.run.stop();
  expect(readdirSync(folder)).toContain(`${dev.agent.id}.db`);
});

inShell("a first signal finishes what is in hand, and its answer arrives", async () => {
  using home = tmpFolder();
  using gate = new Gate(home.path);
  const cmd = `cmd=echo started >&2; ${gate.wait}; tr a-z A-Z`;
  const flags = { connect: true, backend: "exec", "backend-opt": cmd } as const;
  await using dev = await start(home.path, flags);
  await dev.run.untilEvent("connected");
  await dev.send("hello", dev.ada, {});
  await dev.run.untilBackendSays("started");
  dev.run.signal("SIGTERM");
  expect((await dev.run.untilEvent("draining")).running).toBe(1);
  // The platform is still there to take it.
  expect((await fetch(`${dev.url}/health`)).status).toBe(200);
  gate.open();
  await dev.run.endsWith(0);
  expect(dev.run.of("answered")).toMatchObject([{ to: dev.ada.id }]);
  expect(dev.run.of("stopped")).toMatchObject([{ settled: 1, replies: 0 }]);
});

inShell("a second signal stops both at once, and no child lives on", async () => {
  using home = tmpFolder();
  const cmd = "cmd=trap '' TERM INT HUP; echo started >&2; sleep 1000; sleep 1000";
  const flags = { connect: true, backend: "exec", "backend-opt": cmd } as const;
  await using dev = await start(home.path, { ...flags, ephemeral: true });
  await dev.run.untilEvent("connected");
  await dev.send("hello", dev.ada, {});
  await dev.run.untilBackendSays("started");
  dev.run.signal("SIGTERM");
  await dev.run.untilEvent("draining");
  dev.run.signal("SIGINT");
  await dev.run.endsWith(130);
  await dev.run.untilChildless();
  expect(readdirSync(home.path)).toEqual([]);
});

test("a backend that can't work ends it before anything is announced", async () => {
  using home = tmpFolder();
  const words = ["dev", "--port", "0", "--connect", "--backend-opt", "bin=/nowhere/claude"];
  const { code, stdout, stderr } = await runToEnd(words, { home: home.path });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toStartWith("error: the program /nowhere/claude was not found");
  expect(stderr).toContain("--backend exec --backend-opt cmd='tr a-z A-Z'");
});

inShell("told to stop while the backend is looked for, it announces nothing", async () => {
  using home = tmpFolder();
  const temporary = join(home.path, "tmp");
  mkdirSync(temporary);
  const bin = join(home.path, "claude");
  const asked = join(home.path, "asked");
  // It ends with the folder, whatever becomes of who has started it.
  const script = `#!/bin/sh\n: > '${asked}'\nwhile [ -e '${asked}' ]; do sleep 0.05; done\n`;
  writeFileSync(bin, script, { mode: 0o755 });
  const words = ["dev", "--ephemeral", "--port", "0", "--connect", "--backend-opt", `bin=${bin}`];
  await using dev = new Run(words, { home: home.path, env: { TMPDIR: temporary } });
  await lookUntil(() => existsSync(asked));
  dev.signal("SIGINT");
  await dev.endsWith(0);
  expect(dev.stdout).toBe("");
  expect(readdirSync(temporary)).toEqual([]);
  await dev.untilChildless();
});

describe("a workspace has one bridge", () => {
  test("another one is told so", async () => {
    using home = tmpFolder();
    await using dev = await start(home.path, mock);
    await dev.run.untilEvent("connected");
    await using second = dev.connect(home.path);
    await second.endsWith(1);
    expect(second.failure).toContain(`another bridge holds this workspace: process ${dev.run.pid}`);
  });

  signalled("and this one waits for the end of another", async () => {
    using home = tmpFolder();
    const db = join(home.path, "platform.db");
    await using first = await start(home.path, { db });
    const { port } = new URL(first.url);
    await using other = first.connect(home.path);
    await other.untilEvent("connected");
    await first.run.stop();
    await using dev = await start(home.path, { ...mock, db, port });
    await dev.run.untilEvent("lock-waiting");
    await other.stop();
    await dev.run.untilEvent("connected");
    expect((await dev.send("hello", dev.ada)).stdout).toBe("echo: hello\n");
  });
});

signalled("where the bridge ends for good, that is told and the platform goes on", async () => {
  using home = tmpFolder();
  await using dev = await start(home.path, mock);
  await dev.run.untilEvent("connected");
  const admin = ["--api-url", dev.url, "--api-token-file", dev.adminTokenFile];
  const fault = ["dev", "fault", "403", "--path", "/activity", ...admin];
  expect(await runToEnd(fault, { home: home.path })).toMatchObject({ code: 0 });
  await dev.run.until(() => dev.run.stderr.includes("the platform goes on"), "the bridge's end");
  expect(dev.run.of("failed")[0]?.msg).toContain("this workspace is not answered any more");
  expect((await fetch(`${dev.url}/health`)).status).toBe(200);
  dev.run.signal("SIGTERM");
  await dev.run.endsWith(3);
});

describe("what config files and variables say of the backend", () => {
  const config = (home: string, text: string) =>
    writeFileSync(join(home, "molecule.yaml"), text, { mode: 0o600 });

  test("counts for the bridge, as it does for connect", async () => {
    using home = tmpFolder();
    mkdirSync(join(home.path, ".config"));
    const user = join(home.path, ".config", "molecule.yaml");
    writeFileSync(user, "backend: mock\nbackend_opt: reply=from the file\n", { mode: 0o600 });
    await using dev = await start(home.path, { connect: true });
    expect((await dev.send("hello", dev.ada)).stdout).toBe("from the file\n");
    // Of another backend than the file's its options are none.
    await using exec = await start(
      home.path,
      { connect: true, ephemeral: true, backend: "mock", "backend-opt": "reply=typed" },
      { MOL_BACKEND: "exec", MOLECULE_WORKSPACE_TOKEN: "a-token-of-another-platform" },
    );
    expect((await exec.send("hello", exec.ada)).stdout).toBe("typed\n");
  });

  test("is refused from a file that nobody has trusted, where there is a bridge", async () => {
    using home = tmpFolder();
    config(home.path, "backend: mock\nmode: push\npublic_url: https://a.example.com\n");
    const words = ["dev", "--ephemeral", "--port", "0", "--connect"];
    const { code, stdout, stderr } = await runToEnd(words, { home: home.path });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("and that file is not trusted");
    // Without one it is nobody's business.
    await using dev = await start(home.path, { ephemeral: true }, { MOL_BACKEND: "mock" });
    await dev.run.stop();
  });

  test("is no reason to run one, and typed without one it is refused", async () => {
    using home = tmpFolder();
    for (const words of [
      ["--backend", "mock"],
      ["--backend-opt", "reply=x"],
    ]) {
      const { code, stdout, stderr } = await runToEnd(["dev", ...words], { home: home.path });
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toStartWith(`error: ${words[0]} has no meaning without --connect`);
    }
    expect(existsSync(join(home.path, ".config"))).toBe(false);
  });

  test.each([
    [["--backend", "mokc"], "mock"],
    [["--backend", "mock", "--backend-opt", "rpely=x"], "reply"],
  ])("%j is refused before anything is started", async (words, meant) => {
    using home = tmpFolder();
    const run = await runToEnd(["dev", "--connect", ...words], { home: home.path });
    expect(run).toMatchObject({ code: 2, stdout: "" });
    expect(run.stderr).toContain(meant);
    expect(existsSync(join(home.path, ".config"))).toBe(false);
  });
});
