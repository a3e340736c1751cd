/** What a person may stumble over at the edges of the command line. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { connect, Dev, stateDir } from "../harness/connect.ts";
import { row, ScriptedPlatform, WORKSPACE } from "../harness/scripted-platform.ts";
import { tmpFolder } from "../harness/tmp.ts";
import { onPosix } from "../harness/platform.ts";

const inShell = onPosix("its command is for sh").test;

const signalled = onPosix("Windows has no signals").test;

setDefaultTimeout(60_000);

test("an id in capital letters is the same workspace, with the same state", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  for (const id of [WORKSPACE, WORKSPACE.toUpperCase()]) {
    await using bridge = connect(platform.url, home.path, { id, flags: { once: true } });
    await bridge.endsWith(0);
  }
  expect(platform.calls("a2a").length).toBe(1);
  const owners = readdirSync(stateDir(home.path)).map((name) => name.split(".")[0]);
  // `bridges` is that of the processes.
  expect(new Set(owners)).toEqual(new Set([WORKSPACE, "bridges"]));
});

inShell("agent send --wait tells a failure from an answer", async () => {
  using home = tmpFolder();
  await using dev = await Dev.start(home.path);
  const flags = { "token-file": dev.agent.tokenFile, "max-attempts": 1 };
  await using bridge = connect(dev.url, home.path, {
    id: dev.agent.id,
    cmd: "cat >&2; exit 3",
    flags,
    env: { MOLECULE_WORKSPACE_TOKEN: "" },
  });
  await bridge.untilEvent("connected");
  const failed = await dev.send("please", dev.ada, { wait: true });
  expect(failed).toMatchObject({ code: 1, stdout: "" });
  expect(failed.stderr).toContain("the agent could not answer");
  const json = await dev.send("please", dev.ada, { wait: true, output: "json" });
  expect(json.code).toBe(1);
  expect(JSON.parse(json.stdout).status).toBe("failed");
});

signalled("SIGQUIT ends the bridge and what it runs, at once", async () => {
  using home = tmpFolder();
  await using platform = new ScriptedPlatform();
  platform.rows = [row(1)];
  const cmd = "trap '' TERM; echo running >&2; sleep 60 & wait; sleep 60";
  await using bridge = connect(platform.url, home.path, { cmd });
  await bridge.untilBackendSays("running");
  bridge.signal("SIGQUIT");
  await bridge.endsWith(130);
  await bridge.untilChildless();
});
