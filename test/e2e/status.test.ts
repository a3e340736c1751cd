/** `molecule status` beside running bridges. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { BINARY } from "../../scripts/set-up.ts";
import { runToEnd } from "../harness/binary.ts";
import { connect, stateDir } from "../harness/connect.ts";
import { bareEnv, onPosix } from "../harness/platform.ts";
import { row, ScriptedPlatform, TOKEN, WORKSPACE } from "../harness/scripted-platform.ts";
import { TerminalRun } from "../harness/terminal.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { lookUntil } from "../harness/wait.ts";

setDefaultTimeout(60_000);

const posix = onPosix("Windows has no signals, and no pseudo-terminal").test;

async function status(home: string, ...words: string[]) {
  const { code, stdout, stderr } = await runToEnd(["status", ...words, "-o", "json"], { home });
  return { code, data: stdout === "" ? undefined : JSON.parse(stdout), stderr };
}

test("a bridge is seen while it runs, with what it did, and not after its end", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  await using run = connect(platform.url, home.path);
  platform.rows = [row(1)];
  await run.untilEvent("answered");
  let seen: any;
  await lookUntil(async () => {
    seen = (await status(home.path, WORKSPACE)).data;
    return seen?.messages?.answered === 1;
  });
  expect(seen).toMatchObject({
    workspace_id: WORKSPACE,
    state: "connected",
    backend: "mock",
    pid: run.pid,
    waiting: 0,
    dead_letters: 0,
  });
  expect(JSON.stringify(seen)).not.toContain(TOKEN);
  await run.stop();
  expect(await status(home.path)).toMatchObject({ code: 0, data: [] });
  expect(await status(home.path, WORKSPACE)).toMatchObject({ code: 1, data: undefined });
});

posix("what a killed bridge left is not shown, and the next one sweeps it", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  const bridges = join(stateDir(home.path), "bridges");
  await using run = connect(platform.url, home.path);
  await run.untilEvent("connected");
  await lookUntil(() => existsSync(join(bridges, `${run.pid}.json`)));
  run.signal("SIGKILL");
  await run.end();
  expect(await status(home.path)).toMatchObject({ code: 0, data: [] });
  await using next = connect(platform.url, home.path);
  await lookUntil(() => existsSync(join(bridges, `${next.pid}.json`)));
  expect(readdirSync(bridges).filter((name) => name.startsWith(String(run.pid)))).toEqual([]);
  await next.stop();
});

posix("a second signal leaves no file behind", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  await using run = connect(platform.url, home.path, { cmd: "sleep 600" });
  platform.rows = [row(1)];
  await run.untilEvent("taken");
  const bridges = join(stateDir(home.path), "bridges");
  await lookUntil(() => existsSync(join(bridges, `${run.pid}.json`)));
  run.signal("SIGTERM");
  await run.untilEvent("draining");
  // Another one than the first: the same at once would be its echo.
  run.signal("SIGINT");
  await run.endsWith(130);
  expect(readdirSync(bridges)).toEqual([]);
});

posix(
  "a person at a terminal sees how it is in the last row, and nothing of it after the end",
  async () => {
    using home = tmpFolder();
    await using platform = new ScriptedPlatform();
    const args = ["connect", WORKSPACE, "--api-url", platform.url, "--backend", "mock"];
    const env = { ...bareEnv(home.path), TERM: "xterm", MOLECULE_WORKSPACE_TOKEN: TOKEN };
    await using run = new TerminalRun([BINARY, ...args], { cwd: home.path, env });
    const last = () => run.rows.at(-1) ?? "";
    await run.until(() => /^● connected.* 0 answered$/.test(last()), "the line of the status");
    platform.rows = [row(1)];
    await run.until(() => / 1 answered$/.test(last()), "the answer in the line");
    run.type("\x03");
    expect(await run.ended()).toBe(0);
    expect(run.rows.at(-1)).toBe("");
    expect(run.rows.filter((line) => line.startsWith("●"))).toEqual([]);
    expect(run.rows.at(-2)).toContain("stopped: 1 message finished");
  },
);
